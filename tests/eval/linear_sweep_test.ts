import { deepEqual, equal } from "node:assert/strict";
import { LinearSweep, recordSweep, type SweepShape } from "../../src/eval/linear_sweep.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { randomStream } from "../../src/random.ts";
import { labelCrossEntropyReference, sgdReference } from "../reference/softmax_regression.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { brokenRules } from "../support/plan_rules.ts";

const SHAPE: SweepShape = { widths: [6, 11], learningRates: [0.5, 0.02], classes: 3, batchSize: 8 };
const SEED = 7;

/** Random features of an input, with a 1 behind each. */
function features(width: number, images: number, seed: number): Float32Array {
  return randomArray(images * width, { seed }).map((x, i) => i % width === width - 1 ? 1 : x);
}

/** One classifier in float64: weights `[classes, width]`, whose last column is the bias. */
class PlainClassifier {
  readonly #weights: Float64Array;
  readonly #velocity: Float64Array;

  constructor(readonly width: number, readonly lr: number, input: number) {
    const { classes } = SHAPE;
    const start = new Float32Array(classes * width);
    randomStream(SEED, "linear classifier", input).fillNormal(start, 0.01);
    for (let k = 0; k < classes; k++) start[(k + 1) * width - 1] = 0;
    this.#weights = Float64Array.from(start);
    this.#velocity = new Float64Array(start.length);
  }

  logits(x: Float32Array): Float64Array {
    const { classes } = SHAPE;
    return Float64Array.from({ length: x.length / this.width * classes }, (_, at) => {
      const [image, k] = [Math.floor(at / classes), at % classes];
      let sum = 0;
      for (let i = 0; i < this.width; i++) {
        sum += x[image * this.width + i] * this.#weights[k * this.width + i];
      }
      return sum;
    });
  }

  step(x: Float32Array, labels: Uint32Array, factor: number): void {
    const { classes } = SHAPE;
    const shares = new Float64Array(labels.length).fill(1 / labels.length);
    const { gradient } = labelCrossEntropyReference(this.logits(x), labels, shares, classes);
    const grads = new Float64Array(this.#weights.length);
    for (let image = 0; image < labels.length; image++) {
      for (let k = 0; k < classes; k++) {
        for (let i = 0; i < this.width; i++) {
          grads[k * this.width + i] += gradient[image * classes + k] * x[image * this.width + i];
        }
      }
    }
    sgdReference(this.#weights, this.#velocity, grads, { lr: factor * this.lr, momentum: 0.9 });
  }
}

Deno.test("classifiers trained at once are those trained one by one on the CPU", async () => {
  using sweep = await LinearSweep.open(SHAPE, { seed: SEED });
  const { widths, learningRates, classes, batchSize } = SHAPE;
  const plain = widths.flatMap((width, input) =>
    learningRates.map((lr) => new PlainClassifier(width, lr, input))
  );
  // The last batch is not full: what was in its place before must not count.
  for (const [step, images] of [batchSize, batchSize, batchSize, 5].entries()) {
    const inputs = widths.map((width, i) => features(width, images, 10 * step + i));
    const labels = Uint32Array.from({ length: images }, (_, i) => (i * i + step) % classes);
    const factor = 1 - step / 4;
    sweep.step(inputs, labels, factor);
    plain.forEach((each, i) =>
      each.step(inputs[Math.floor(i / learningRates.length)], labels, factor)
    );
  }
  const images = 4;
  const inputs = widths.map((width, i) => features(width, images, 100 + i));
  const logits = await sweep.logits(inputs);
  plain.forEach((each, i) => {
    const found = Array.from({ length: images }, (_, image) => [...logits(i, image)]).flat();
    const expected = each.logits(inputs[Math.floor(i / learningRates.length)]);
    assertAllClose(found, expected, undefined, `logits of classifier ${i}`);
  });
  const one = await sweep.logits(inputs, 3);
  deepEqual(one(3, 2), logits(3, 2));
});

Deno.test("classifiers that are too large for one binding are divided among several", () => {
  const shape = { widths: [65, 129], learningRates: [1, 2, 3, 4, 5], classes: 10, batchSize: 16 };
  // Two classifiers of the wider input fit one binding, four of the other.
  const facts = { ...DEFAULT_FACTS, maxBindingBytes: 4 * 10 * 129 * 2 };
  const recorder = new PlanRecorder(facts);
  const { stacks } = recordSweep(recorder, shape);
  deepEqual(stacks.map(({ input, first, weights }) => [input, first, weights.shape[0] / 10]), [
    [0, 0, 3],
    [0, 3, 2],
    [1, 0, 2],
    [1, 2, 2],
    [1, 4, 1],
  ]);
  const plan = recorder.finish();
  deepEqual(brokenRules(plan), []);
  equal(plan.phases.get("logits")!.length, stacks.length);
});

Deno.test("a classifier whose rate is far too great spoils no other", async () => {
  const logitsOf = async (learningRates: number[]) => {
    using sweep = await LinearSweep.open({ ...SHAPE, learningRates }, { seed: SEED });
    const images = SHAPE.batchSize;
    const inputs = SHAPE.widths.map((width, i) => features(width, images, i));
    const labels = Uint32Array.from({ length: images }, (_, i) => i % SHAPE.classes);
    for (let step = 0; step < 4; step++) sweep.step(inputs, labels, 1);
    const logits = await sweep.logits(inputs);
    return [0, learningRates.length].map((classifier) => [...logits(classifier, 1)]);
  };
  const alone = await logitsOf([0.5]);
  equal(alone.flat().every(Number.isFinite), true);
  deepEqual(await logitsOf([0.5, 1e38]), alone);
});
