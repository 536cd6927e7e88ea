import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../../src/config/train_config.ts";
import type { OpenDevice } from "../../src/gpu/device.ts";
import { assertFits, costOf, type Plan } from "../../src/gpu/plan.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { initialBuffer } from "../../src/model/initial_values.ts";
import { hyperOf } from "../../src/optim/parameter_update.ts";
import { Schedules } from "../../src/optim/schedules.ts";
import { randomStream } from "../../src/random.ts";
import { assertPrecision } from "../../src/training/assert_precision.ts";
import { drawDropPath } from "../../src/training/drop_path.ts";
import { masksOf, PHASES, recordStep, stepShape } from "../../src/training/run_setup.ts";
import { setMasks } from "../../src/training/step_data.ts";
import type { TrainStep } from "../../src/training/step.ts";
import { recordTunedStep } from "./tuned_step.ts";

/** Steps of the run whose settings the step has. */
const RUN_STEPS = 100;

/** A whole training step on views that are noise, to be run again and again. */
export class NoiseStep implements Disposable {
  private constructor(
    readonly batchSize: number,
    readonly plan: Plan,
    readonly step: TrainStep,
    private readonly runner: PlanRunner,
  ) {}

  /**
   * Records a step, builds it, and writes start values, views, masks and the settings of step 0.
   *
   * @param tuned With the variants of kernels that a run would take; else the built-in ones, so that
   * steps of different sizes run the same kernels.
   * @throws {GpuError} If it does not fit the device, or that cannot store its numbers.
   */
  static async build(
    open: OpenDevice,
    options: Partial<TrainOptions>,
    { tuned = false } = {},
  ): Promise<NoiseStep> {
    const config = resolveConfig({ out: "-", data: "-", steps: RUN_STEPS, ...options });
    await assertPrecision(open, config);
    const { plan, step } = tuned
      ? await recordTunedStep(open, config)
      : recordStep(open.facts, stepShape(config));
    assertFits(plan, open.facts.software ? Deno.systemMemoryInfo().available : undefined);
    const runner = await PlanRunner.build(plan, open);
    fillStep(runner, step, config);
    return new NoiseStep(config.batch_size, plan, step, runner);
  }

  /** Runs the step so many times and waits until it is done. */
  async run(times: number): Promise<void> {
    for (let i = 0; i < times; i++) this.runner.run(...PHASES);
    await this.runner.finish();
  }

  get flops(): number {
    return costOf(this.plan).flops;
  }

  [Symbol.dispose](): void {
    this.runner[Symbol.dispose]();
  }
}

/** Start values, noise for pixels, masks and the settings of step 0. */
function fillStep(runner: PlanRunner, step: TrainStep, config: TrainConfig): void {
  for (const buffers of step.networks.buffers) {
    runner.write(buffers.values, initialBuffer(buffers, 0, "student"));
    runner.write(buffers.teacher, initialBuffer(buffers, 0, "teacher"));
  }
  for (const views of [step.globalViews, step.localViews]) {
    const pixels = new Float32Array(elementCount(views.shape));
    randomStream(0, "views").fillNormal(pixels);
    runner.write(views, pixels);
  }
  const { method_args: method, optim_args: optim, batch_size: batchSize } = config;
  const schedules = new Schedules({ method, optim, batchSize, totalSteps: RUN_STEPS });
  const { scaledLr } = schedules;
  const now = schedules.at(0);
  const { inputs, shape } = step;
  setMasks(inputs, shape, masksOf(shape, 0, 0, 0));
  drawDropPath(inputs, shape, 0, 0, 0);
  inputs.set("loss_scalars", [now.teacherTemp, 1]);
  inputs.set("hyper", hyperOf(0, now, { method, optim, scaledLr }));
  runner.write(inputs.whole, inputs.values);
}
