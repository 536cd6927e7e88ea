import { DINOv2Args } from "../../src/config/method_args.ts";
import type { ModelArgs } from "../../src/config/model_args.ts";
import { resolveModel } from "../../src/config/model_presets.ts";
import { OptimArgs } from "../../src/config/optim_args.ts";
import { formulaParameter } from "../../src/golden/formula.ts";
import { type AdapterFacts, openDevice } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { elementCount, type Tensor } from "../../src/gpu/tensor.ts";
import { hyperOf } from "../../src/optim/parameter_update.ts";
import { Schedules } from "../../src/optim/schedules.ts";
import { drawDropPath } from "../../src/training/drop_path.ts";
import { PHASES, recordStep } from "../../src/training/run_setup.ts";
import { METRICS, TrainStep } from "../../src/training/step.ts";
import { setMasks } from "../../src/training/step_data.ts";
import { globalGrid, type StepShape } from "../../src/training/step_shape.ts";
import { randomArray } from "./arrays.ts";

/** What a tiny step differs in from the others. */
export interface TinyOptions {
  model?: ModelArgs;
  method?: Partial<DINOv2Args>;
  shape?: Partial<StepShape>;
}

/** A step small enough for many runs: width 30 in 3 heads, odd batch, 101 prototypes. */
export function tinyShape({ model, method, shape }: TinyOptions = {}): StepShape {
  const sizes = { patch_size: 4, img_size: 16, embed_dim: 30, num_heads: 3, depth: 2 };
  const tiny: StepShape = {
    model: resolveModel("dinov2/vittest", { ...sizes, init_values: 0.1, ...model }),
    method: DINOv2Args.parse({
      hidden_dim: 20,
      dino_bottleneck_dim: 12,
      ibot_bottleneck_dim: 10,
      output_dim: 101,
      student_freeze_last_layer_steps: 0,
      warmup_steps: 2,
      ...method,
    }),
    batchSize: 3,
    localViews: 2,
    globalSize: [16, 24],
    localSize: [8, 12],
    maxMasked: 1,
    accumulationSteps: 1,
    ...shape,
  };
  const [rows, columns] = globalGrid(tiny);
  return { ...tiny, maxMasked: 2 * tiny.batchSize * rows * columns };
}

/** The same few calls on a live device and on a plan that was recorded. */
interface Backend {
  step: TrainStep;
  write(tensor: Tensor, data: Float32Array): void;
  download(tensor: Tensor): Promise<Float32Array>;
  run(...phases: (typeof PHASES)[number][]): void;
  close(): void;
}

/** Views and masks of one micro-batch. */
export interface TinyBatch {
  globalViews: Float32Array;
  localViews: Float32Array;
  masks: ArrayLike<number>;
}

/** Random views, and about a third of the patches of every other crop masked. */
export function tinyBatch({ batchSize, localViews, ...shape }: StepShape, seed: number): TinyBatch {
  const pixels = ([height, width]: readonly [number, number]) =>
    shape.model.inChans * height * width;
  const [rows, columns] = globalGrid({ batchSize, localViews, ...shape });
  const patches = rows * columns;
  const draws = randomArray(2 * batchSize * patches, { seed: seed + 2 });
  return {
    globalViews: randomArray(2 * batchSize * pixels(shape.globalSize), { seed, scale: 2 }),
    localViews: randomArray(localViews * batchSize * pixels(shape.localSize), {
      seed: seed + 1,
      scale: 2,
    }),
    masks: [...draws].map((draw, i) => Number(Math.floor(i / patches) % 2 === 0 && draw > 0.3)),
  };
}

/** A whole training step with random parameters, ready to run. */
export class TinyStep implements Disposable {
  readonly step: TrainStep;
  readonly schedules: Schedules;
  readonly #backend: Backend;

  private constructor(backend: Backend) {
    this.#backend = backend;
    this.step = backend.step;
    this.schedules = new Schedules({
      method: this.step.shape.method,
      optim: OptimArgs.parse({}),
      batchSize: this.step.shape.batchSize,
      totalSteps: 10,
    });
    this.step.networks.buffers.forEach((buffer, index) => {
      this.write(buffer.values, this.#startValues(index, 1));
      this.write(buffer.teacher, this.#startValues(index, 1001));
    });
  }

  /** @param options `facts`: what the adapter is said to be, which decides between kernels. */
  static async open(
    shape: StepShape,
    { kind = "plan", facts }: { kind?: "plan" | "live"; facts?: Partial<AdapterFacts> } = {},
  ): Promise<TinyStep> {
    return new TinyStep(kind === "plan" ? await planned(shape, facts) : await live(shape));
  }

  write(tensor: Tensor, data: Float32Array): void {
    this.#backend.write(tensor, data);
  }

  download(tensor: Tensor): Promise<Float32Array> {
    return this.#backend.download(tensor);
  }

  run(...phases: (typeof PHASES)[number][]): void {
    this.#backend.run(...phases);
  }

  /** Uploads what optimizer step `index` works on. */
  feed(index: number, batch: TinyBatch, seed = 1): void {
    const { step: { shape, inputs, ...step }, schedules } = this;
    const now = schedules.at(index);
    const { method } = shape;
    setMasks(inputs, shape, batch.masks);
    drawDropPath(inputs, shape, seed, index, 0);
    inputs.set("loss_scalars", [now.teacherTemp, 1]);
    const optim = OptimArgs.parse({});
    inputs.set("hyper", hyperOf(index, now, { method, optim, scaledLr: schedules.scaledLr }));
    this.write(inputs.whole, inputs.values);
    this.write(step.globalViews, batch.globalViews);
    if (shape.localViews > 0) this.write(step.localViews, batch.localViews);
  }

  /** Metrics by name, and the total loss. */
  async metrics(): Promise<Record<string, number>> {
    const values = await this.download(this.step.metrics);
    const named = Object.fromEntries(METRICS.map((name, slot) => [name, values[slot]]));
    const { method } = this.step.shape;
    const total = method.dino_loss_weight * (named.dino_global + named.dino_local) +
      method.ibot_loss_weight * named.ibot + method.koleo_loss_weight * named.koleo;
    return { ...named, total };
  }

  [Symbol.dispose](): void {
    this.#backend.close();
  }

  /** Start values from the golden cases' formula: large enough for every gradient to matter. */
  #startValues(index: number, firstStream: number): Float32Array {
    const { buffers, student } = this.step.networks;
    const { members, values } = buffers[index];
    const flat = new Float32Array(elementCount(values.shape));
    for (const { parameter, offset } of members) {
      const { name, shape } = parameter;
      const stream = firstStream + student.set.parameters.indexOf(parameter);
      flat.set(formulaParameter(name, elementCount(shape), stream, 0.2), offset);
    }
    return flat;
  }
}

async function planned(shape: StepShape, facts?: Partial<AdapterFacts>): Promise<Backend> {
  const open = await openDevice();
  const { plan, step } = recordStep({ ...open.facts, ...facts }, shape);
  const runner = await PlanRunner.build(plan, open);
  return {
    step,
    write: (tensor, data) => runner.write(tensor, data),
    download: (tensor) => runner.download(tensor),
    run: (...phases) => runner.run(...phases),
    close: () => {
      runner[Symbol.dispose]();
      open.close();
    },
  };
}

async function live(shape: StepShape): Promise<Backend> {
  const gpu = await Gpu.open({ elem: shape.elem });
  const step = new TrainStep(gpu, shape);
  return {
    step,
    write: (tensor, data) => gpu.write(tensor, data),
    download: (tensor) => gpu.download(tensor),
    run: (...phases) => phases.forEach((phase) => step[phase]()),
    close: () => gpu[Symbol.dispose](),
  };
}
