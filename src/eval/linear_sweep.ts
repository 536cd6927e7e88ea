import { type DeviceOptions, type OpenDevice, openDevice } from "../gpu/device.ts";
import { assertFits, PlanRecorder, type Remedies } from "../gpu/plan.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { elementCount, type Tensor, view } from "../gpu/tensor.ts";
import { labelCrossEntropy } from "../ops/label_cross_entropy.ts";
import { matmul } from "../ops/matmul.ts";
import { sgd } from "../ops/sgd.ts";
import { randomStream } from "../random.ts";

/** Of the first weights, as in DINOv2's evaluation; biases are 0. */
const INIT_STD = 0.01;

const MOMENTUM = 0.9;

const REMEDIES: Remedies = { batch: "lower batch_size", model: "take fewer blocks" };

/** Classifiers to train at once: each input with each learning rate. */
export interface SweepShape {
  /** Widths of the inputs; the last number of each is 1, and its weight the bias. */
  widths: readonly number[];
  learningRates: readonly number[];
  classes: number;
  /** Most images at once. */
  batchSize: number;
}

/** Classifiers of one input: one product gives the logits of all. */
interface Stack {
  /** Place of the input. */
  input: number;
  /** Place of the first learning rate. */
  first: number;
  weights: Tensor; // [S·K, width], S learning rates, K classes
  logits: Tensor; // [B, S·K]
}

/**
 * Linear classifiers that are trained side by side on the same images, on the GPU: softmax
 * regression by SGD with momentum.
 */
export class LinearSweep implements Disposable {
  readonly #open: OpenDevice;
  readonly #runner: PlanRunner;
  readonly #batch: SweepBatch;
  readonly #stacks: readonly Stack[];
  readonly shape: SweepShape;

  private constructor(
    open: OpenDevice,
    runner: PlanRunner,
    shape: SweepShape,
    recorded: { batch: SweepBatch; stacks: readonly Stack[] },
  ) {
    this.#open = open;
    this.#runner = runner;
    this.shape = shape;
    this.#batch = recorded.batch;
    this.#stacks = recorded.stacks;
  }

  /**
   * @param seed Of the first weights, which are the same for every learning rate.
   * @throws {GpuError} If there is no adapter, or the classifiers do not fit it.
   */
  static async open(
    shape: SweepShape,
    { seed, ...device }: { seed: number } & DeviceOptions,
  ): Promise<LinearSweep> {
    const open = await openDevice(device);
    try {
      const recorder = new PlanRecorder(open.facts);
      const recorded = recordSweep(recorder, shape);
      const plan = recorder.finish();
      assertFits(plan, undefined, REMEDIES);
      const runner = await PlanRunner.build(plan, open);
      for (const { input, weights } of recorded.stacks) {
        runner.write(weights, firstWeights(weights.shape, shape, seed, input));
      }
      return new LinearSweep(open, runner, shape, recorded);
    } catch (error) {
      open.close();
      throw error;
    }
  }

  /**
   * One step of all classifiers on the mean loss of some images.
   *
   * @param inputs By place, `[images, width]`.
   * @param labels The class of each image.
   * @param factor What the schedule makes of all learning rates.
   */
  step(inputs: readonly Float32Array[], labels: Uint32Array, factor: number): void {
    const { batchSize } = this.shape;
    const share = new Float32Array(batchSize).fill(1 / labels.length, 0, labels.length);
    this.#writeInputs(inputs);
    this.#runner.write(this.#batch.labels, labels);
    this.#runner.write(this.#batch.weights, share); // 0 beyond the images
    this.#runner.write(this.#batch.factor, Float32Array.of(factor));
    this.#runner.run("step");
  }

  /**
   * The logits that classifiers give some images.
   *
   * @param inputs By place, `[images, width]`.
   * @param only The one classifier that is wanted; all if left out.
   * @returns For a classifier, at place `input · learningRates + rate`, and an image: `[classes]`.
   */
  async logits(
    inputs: readonly Float32Array[],
    only?: number,
  ): Promise<(classifier: number, image: number) => Float32Array> {
    const { classes, learningRates: { length: rates } } = this.shape;
    this.#writeInputs(inputs);
    this.#runner.run("logits");
    const found = new Map<number, { values: Float32Array; place: number; width: number }>();
    for (const { input, first, logits } of this.#stacks) {
      const width = logits.shape[1];
      const members = Array.from({ length: width / classes }, (_, i) => input * rates + first + i);
      if (only !== undefined && !members.includes(only)) continue;
      const values = await this.#runner.download(logits);
      members.forEach((member, i) => found.set(member, { values, place: i * classes, width }));
    }
    return (classifier, image) => {
      const { values, place, width } = found.get(classifier)!;
      const start = image * width + place;
      return values.subarray(start, start + classes);
    };
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
    this.#open.close();
  }

  #writeInputs(inputs: readonly Float32Array[]): void {
    this.#batch.inputs.forEach((tensor, i) => this.#runner.write(tensor, inputs[i]));
  }
}

/** What is written before each run. */
interface SweepBatch {
  inputs: Tensor[]; // [B, width] each
  labels: Tensor; // u32 [B]
  weights: Tensor; // [B]
  factor: Tensor; // [1]
}

/** Records the phases "step" and "logits". */
export function recordSweep(recorder: PlanRecorder, shape: SweepShape) {
  const { widths, batchSize } = shape;
  const batch: SweepBatch = {
    inputs: widths.map((width, i) => recorder.keep("inputs", [batchSize, width], `inputs.${i}`)),
    labels: recorder.keep("inputs", [batchSize], "labels", "u32"),
    weights: recorder.keep("inputs", [batchSize], "weights"),
    factor: recorder.keep("inputs", [1], "factor"),
  };
  const stacks = stacksOf(recorder, shape);
  recorder.phase("step");
  for (const stack of stacks) recordStep(recorder, stack, batch, shape);
  recorder.phase("logits");
  for (const { input, weights, logits } of stacks) {
    matmul(recorder, batch.inputs[input], weights, { transposeB: true, into: logits });
  }
  return { batch, stacks };
}

/** As many learning rates in each as one binding takes. */
function stacksOf(recorder: Recorder, shape: SweepShape): Stack[] {
  const { widths, learningRates, classes, batchSize } = shape;
  return widths.flatMap((width, input) => {
    const bytes = 4 * classes * Math.max(width, batchSize);
    const most = Math.max(1, Math.floor(recorder.adapter.maxBindingBytes / bytes));
    const count = Math.ceil(learningRates.length / most);
    const size = Math.ceil(learningRates.length / count);
    return Array.from({ length: count }, (_, i) => {
      const first = i * size;
      const rows = Math.min(size, learningRates.length - first) * classes;
      const name = `classifiers.${input}.${first}`;
      const weights = recorder.keep("parameters", [rows, width], `${name}.weights`);
      const logits = recorder.keep("state", [batchSize, rows], `${name}.logits`);
      return { input, first, weights, logits };
    });
  });
}

function recordStep(
  recorder: Recorder,
  { input, first, weights }: Stack,
  batch: SweepBatch,
  { classes, learningRates, batchSize }: SweepShape,
): void {
  const [rows, width] = weights.shape;
  const heads = rows / classes;
  const x = batch.inputs[input];
  const logits = matmul(recorder, x, weights, { transposeB: true }); // [B, S·K]
  const perHead = view(logits, [batchSize * heads, classes]);
  labelCrossEntropy(recorder, perHead, batch.labels, batch.weights);
  const grads = matmul(recorder, logits, x, { transposeA: true }); // [S·K, width]
  const rates = Float32Array.from(learningRates.slice(first, first + heads));
  const grouped = [heads, classes * width];
  sgd(recorder, {
    values: view(weights, grouped),
    velocity: recorder.keep("optimizer", grouped, "velocity"),
    grads: view(grads, grouped),
    lr: recorder.constant(rates, [heads], "learning_rates"),
    factor: batch.factor,
    momentum: MOMENTUM,
  });
}

/** Weights are normal, biases 0; the same for each learning rate, so that they differ by it alone. */
function firstWeights(
  shape: readonly number[],
  { classes }: SweepShape,
  seed: number,
  input: number,
): Float32Array {
  const [, width] = shape;
  const one = new Float32Array(classes * width);
  randomStream(seed, "linear classifier", input).fillNormal(one, INIT_STD);
  for (let last = width - 1; last < one.length; last += width) one[last] = 0;
  const all = new Float32Array(elementCount(shape));
  for (let at = 0; at < all.length; at += one.length) all.set(one, at);
  return all;
}
