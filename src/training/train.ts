import { ConfigError } from "../config/config_error.ts";
import { precisionOf } from "../config/device_fields.ts";
import { evaluatedNetworks } from "../config/evaluation_metrics.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import { totalStepsOf } from "../config/run_length.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import { warningsOf } from "../config/warnings.ts";
import type { ViewMaker } from "../data/item.ts";
import type { Choices } from "../gpu/choice.ts";
import { type AdapterFacts, type OpenDevice, openDevice } from "../gpu/device.ts";
import { assertFits, costOf, type Plan } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { Schedules } from "../optim/schedules.ts";
import type { StopSignal } from "../stop_signal.ts";
import { assertPrecision } from "./assert_precision.ts";
import { CollapseWatch } from "./collapse_watch.ts";
import { countEpochs } from "./epochs.ts";
import { type EvaluationImages, findEvaluationImages } from "./evaluation/evaluation_images.ts";
import { Evaluator } from "./evaluation/evaluator.ts";
import { Observers, type RunObserver, type RunStart } from "./observer.ts";
import { addRunObservers } from "./observers/run_observers.ts";
import { TrainLog } from "./observers/train_log.ts";
import type { MetricsRow } from "./metrics_file.ts";
import { restoreRun } from "./resume.ts";
import { fastSet, findRunImages, openLoader, type RunImages } from "./run_data.ts";
import { openRunFolder, type RunFolder } from "./run_folder.ts";
import { NOTHING_DONE, runSteps, type TrainResult } from "./run_loop.ts";
import { noteSettings, noteVariants, showFirstBatch } from "./run_notes.ts";
import { RunProfile } from "./run_profile.ts";
import { type RecordedStep, recordStep, stepShape, viewMaker } from "./run_setup.ts";
import type { TrainStep } from "./step.ts";
import { Trainer } from "./trainer.ts";
import { TrainRun } from "./train_run.ts";
import { tunedRunStep } from "./tuned_step.ts";
import { UploadedViews } from "./view_input.ts";
import { startValues } from "./start_values.ts";

/** Who follows a run, and the switch to end it. */
export interface TrainHooks extends RunObserver {
  /** Ends the run after the current step, with a checkpoint to resume from. */
  signal?: StopSignal;
}

/**
 * Trains a vision transformer with DINOv2 on a set of images.
 *
 * @example
 * ```ts
 * import { train } from "./train.ts";
 *
 * async function firstRun() {
 *   const run = train({
 *     out: "out/first",
 *     data: "my_images",
 *     model: "dinov2/vits14-notpretrained",
 *     steps: 1000,
 *   });
 *   for await (const { step, train_loss } of run) console.log(step, train_loss);
 *   return (await run).checkpoint;
 * }
 * ```
 *
 * @param options Settings; defaults are the reference's.
 * @param hooks What is called along the way, for those who would rather not go through the handle.
 * @returns The run: wait for it, follow it, or stop it. Its result is rejected as follows.
 * @throws {ConfigError} Lists every problem of the settings.
 * @throws {DataError} If there are no readable images; with `data_errors` "fail", if one or a shard
 * is damaged.
 * @throws {GpuError} If there is no adapter, or the run does not fit it.
 * @throws {TrainingError} If a loss is not finite.
 * @throws {CheckpointError} If a checkpoint cannot be written; or none is whole to resume from. If
 * published weights can neither be found nor downloaded.
 */
export function train(options: TrainOptions, hooks: TrainHooks = {}): TrainRun {
  return new TrainRun(
    (observer, signal) => runObserved(options, new Observers(hooks, observer), signal),
    hooks.signal,
  );
}

/** A run whose observers hear of its end, however it comes. */
async function runObserved(
  options: TrainOptions,
  all: Observers,
  signal: StopSignal,
): Promise<TrainResult> {
  using observers = all;
  let steps = 0;
  observers.add({
    onStart: ({ startStep }) => steps = startStep,
    onStep: (row) => steps = row.step + 1,
  });
  const log = new TrainLog();
  observers.add(log);
  let result: TrainResult;
  try {
    result = await runConfig(resolveConfig(options), observers, log, signal);
  } catch (error) {
    observers.onEnd({ steps, finished: false, reason: (error as Error).message, error });
    throw error;
  }
  observers.onEnd(result);
  return result;
}

async function runConfig(
  config: TrainConfig,
  observers: Observers,
  log: TrainLog,
  signal: StopSignal,
): Promise<TrainResult> {
  const found = await findRunImages(config, observers);
  const evaluated = await findEvaluationImages(config, found.images, observers);
  const { accelerator, kernels } = config;
  const open = await openDevice({ accelerator, kernels });
  try {
    return await runOn(open, config, { ...found, evaluated }, observers, log, signal);
  } finally {
    open.close();
  }
}

/** A run on a device: the plan, the folder, the state, the loader, and then the steps. */
async function runOn(
  open: OpenDevice,
  config: TrainConfig,
  { images, batchSize, evaluated }: RunImages & { evaluated: EvaluationImages },
  observers: Observers,
  log: TrainLog,
  signal: StopSignal,
): Promise<TrainResult> {
  await assertPrecision(open, config);
  const maker = viewMaker(config, open.facts);
  const { builtIn, record } = fittingStep(open.facts, config, batchSize, maker);
  const folder = await openRunFolder(config);
  observers.add(folder); // which keeps it locked until the last of them is done
  const tuned = await tunedRunStep(builtIn, record, open, config, folder, observers, signal);
  const { recorded: { plan, step, gpuViews, classTokens }, variants } = tuned;
  using runner = await PlanRunner.build(plan, open);
  const fast = await fastSet(config, images, observers, signal);
  const state = await startState(config, folder, step, runner, observers, signal);
  if (state === undefined) return NOTHING_DONE;
  const { step: startStep, metrics: before } = state;
  // Only now: an earlier run is not given up for one that cannot start, or was ended already.
  if (config.overwrite && !config.resume_interrupted) {
    if (signal.aborted) return NOTHING_DONE;
    await folder.clear();
  }
  await log.open(folder, config.resume_interrupted);
  const accumulation = config.gradient_accumulation_steps;
  const maxImageBytes = gpuViews?.capacityBytes ?? Infinity;
  const facts = { batchSize, startStep: startStep * accumulation, maker, maxImageBytes };
  using loader = openLoader(config, fast, facts, observers);
  const start = startOf(config, open.facts, plan, step, {
    variants,
    images: images.names.length,
    batchSize,
    stepsPerEpoch: loader.batchesPerEpoch / accumulation,
    startStep,
  });
  await noteSettings(config, folder, observers);
  await noteVariants(variants, folder, open.facts);
  const epochAt = countEpochs(accumulation, loader.batchesPerEpoch);
  addRunObservers(observers, config, folder, { startStep, before, epochAt });
  observers.add(new CollapseWatch(config.method_args, (message) => observers.onMessage(message)));
  observers.onStart(start);
  if (startStep === 0) {
    for (const warning of warningsOf(config, start)) observers.onMessage(`warning: ${warning}`);
  }
  await showFirstBatch(config, images, folder, observers);
  const input = gpuViews ?? new UploadedViews(step);
  using trainer = new Trainer(config, open, runner, step, input, loader, start.schedules);
  using evaluator = classTokens === null
    ? null
    : new Evaluator(config, evaluated, classTokens, { open, runner, observer: observers });
  const stepsLeft = start.totalSteps - startStep;
  const profiled = { plan, open, runner };
  using profile = RunProfile.of(profiled, trainer, { folder, observer: observers, stepsLeft });
  const span = { startStep, totalSteps: start.totalSteps, before };
  return await runSteps({ trainer, evaluator, profile, folder }, span, observers, signal);
}

/** A run's step, which fits the adapter as it is built in, and what records it with other variants. */
function fittingStep(
  adapter: AdapterFacts,
  config: TrainConfig,
  batchSize: number,
  maker: ViewMaker,
): { builtIn: RecordedStep; record: (choices?: Choices) => RecordedStep } {
  const record = (choices?: Choices) =>
    recordStep(
      adapter,
      stepShape(config, batchSize),
      maker === "gpu" ? config.transform_args : null,
      evaluatedNetworks(config.callbacks),
      choices,
    );
  const builtIn = record();
  assertFits(builtIn.plan, adapter.software ? Deno.systemMemoryInfo().available : undefined);
  return { builtIn, record };
}

/** Sets a run's state to where it goes on from or starts from; undefined if it was ended first. */
async function startState(
  config: TrainConfig,
  folder: RunFolder,
  step: TrainStep,
  runner: PlanRunner,
  observers: Observers,
  signal: StopSignal,
): Promise<{ step: number; metrics?: MetricsRow } | undefined> {
  if (config.resume_interrupted) return await restoreRun(folder, step, runner, observers);
  return await startValues(config, step, runner, observers, { signal }) ? { step: 0 } : undefined;
}

/** What is known when a run starts. */
function startOf(
  config: TrainConfig,
  adapter: AdapterFacts,
  plan: Plan,
  { networks }: TrainStep,
  known: Pick<RunStart, "variants" | "images" | "batchSize" | "stepsPerEpoch" | "startStep">,
): RunStart {
  const { stepsPerEpoch, startStep } = known;
  const totalSteps = lengthOf(config, stepsPerEpoch, startStep);
  const batchSize = known.batchSize * config.gradient_accumulation_steps;
  const { method_args: method, optim_args: optim } = config;
  return {
    ...known,
    config,
    adapter,
    precision: precisionOf(config),
    batchSize,
    totalSteps,
    memoryBytes: costOf(plan).totalBytes,
    parameters: networks.student.set.parameters,
    schedules: new Schedules({ method, optim, batchSize, totalSteps }),
  };
}

/** Optimizer steps of the whole run; a resumed one must not be told less than it has done. */
function lengthOf(config: TrainConfig, stepsPerEpoch: number, startStep: number): number {
  const total = totalStepsOf(config, stepsPerEpoch);
  if (total >= startStep) return total;
  throw new ConfigError([{
    key: config.steps === null ? "epochs" : "steps",
    message: `must come to at least the ${startStep} steps that the run to resume has done, got ` +
      `${total}; raise it`,
  }]);
}
