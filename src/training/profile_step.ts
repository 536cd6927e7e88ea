import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import type { Choices } from "../gpu/choice.ts";
import { type OpenDevice, openDevice } from "../gpu/device.ts";
import { assertFits } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { Schedules } from "../optim/schedules.ts";
import { writeProfile } from "../profile/profile_files.ts";
import { type ProfileRecord, type StepProfile, stepProfile } from "../profile/step_profile.ts";
import { StepProfiler, stepsOfProfile } from "../profile/step_profiler.ts";
import { assertPrecision } from "./assert_precision.ts";
import { NoiseBatches } from "./noise_batches.ts";
import type { PlanOptions } from "./plan_report.ts";
import { recordStep, stepShape } from "./run_setup.ts";
import { writeValues } from "./start_values.ts";
import { Trainer } from "./trainer.ts";
import { tunedStep } from "./tuned_step.ts";
import { UploadedViews } from "./view_input.ts";

/** What is called along the way. */
export interface ProfileHooks {
  /** Steps done, of how many; the first ones are a warm-up. */
  onStep?(done: number, total: number): void;
  /** Kernels whose variants are measured first, of how many. */
  onTuning?(done: number, total: number): void;
}

/** Steps that are profiled where `profile` does not say. */
const STEPS = 10;

/** Where the temperatures and rates of the profiled steps are on their way. */
const RUN_STEPS = 1000;

/**
 * Runs a few training steps on noise, without images, and tells where their time goes: by kernel
 * and by part of the model, held against what this adapter can do at most.
 *
 * `train` with `profile` does the same within a run, where data has to be waited for.
 *
 * @example
 * ```ts
 * import { profileStep } from "./profile_step.ts";
 *
 * const { kernels, hostShare } = await profileStep({
 *   model: "dinov2/vittest",
 *   batch_size: 2,
 *   method_args: { output_dim: 64 },
 *   transform_args: { image_size: [16, 16], local_view: null },
 *   profile: 1,
 * });
 * console.log(kernels[0].name, kernels[0].share, hostShare);
 * ```
 *
 * @param options As for `train`; `data` is not looked at, and weights are random. With `out` the
 * profile is written there too: `profile.md`, `profile.json`, `profile.png`, `trace.json`.
 * @throws {ConfigError} Lists every problem of the settings.
 * @throws {GpuError} If there is no adapter, or the step does not fit it.
 */
export async function profileStep(
  options: PlanOptions,
  hooks: ProfileHooks = {},
): Promise<StepProfile> {
  const length: Partial<TrainOptions> = options.epochs === undefined ? { steps: RUN_STEPS } : {};
  const config = resolveConfig({ ...length, ...options, out: options.out ?? "-", data: "-" });
  return await profileConfig(config, options.out ?? null, hooks);
}

/** As {@linkcode profileStep}, of checked settings. */
export async function profileConfig(
  config: TrainConfig,
  out: string | null,
  hooks: ProfileHooks = {},
): Promise<StepProfile> {
  const open = await openDevice(config);
  try {
    const record = await profiledSteps(open, config, hooks);
    return out === null ? stepProfile(record) : await writeProfile(out, record);
  } finally {
    open.close();
  }
}

async function profiledSteps(
  open: OpenDevice,
  config: TrainConfig,
  hooks: ProfileHooks,
): Promise<ProfileRecord> {
  await assertPrecision(open, config);
  const shape = stepShape(config);
  const record = (choices?: Choices) => recordStep(open.facts, shape, null, [], choices);
  const { autotune } = config;
  const onProgress = (done: number, total: number) => hooks.onTuning?.(done, total);
  const { recorded: { plan, step } } = await tunedStep(record(), record, open, {
    autotune,
    onProgress,
  });
  assertFits(plan, open.facts.software ? Deno.systemMemoryInfo().available : undefined);
  using runner = await PlanRunner.build(plan, open);
  await writeValues(step, runner, config.seed);
  const { method_args: method, optim_args: optim, model } = config;
  const batchSize = shape.batchSize * shape.accumulationSteps;
  const schedules = new Schedules({ method, optim, batchSize, totalSteps: RUN_STEPS });
  const views = new UploadedViews(step);
  const batches = new NoiseBatches(shape);
  using trainer = new Trainer(config, open, runner, step, views, batches, schedules);
  const steps = config.profile ?? STEPS;
  const subject = { model, batchSize, data: "noise" as const };
  using profiler = new StepProfiler({ subject, plan, open, runner }, steps);
  trainer.probe = profiler;
  const total = stepsOfProfile(steps);
  for (let done = 0;; hooks.onStep?.(++done, total)) {
    await profiler.beginStep();
    await trainer.run(done, () => {});
    const record = await profiler.endStep();
    if (record !== undefined) return record;
  }
}
