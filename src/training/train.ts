import { readFile, writeFile } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import { DataError } from "../images/errors.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageSet } from "../images/image_set.ts";
import { ViewLoader, type ViewLoaderOptions } from "../data/loader.ts";
import { packedSet } from "../data/packed_set.ts";
import { assertSomeReadable } from "../images/readable.ts";
import { type AdapterFacts, openDevice } from "../gpu/device.ts";
import { assertFits, costOf } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { Schedules } from "../optim/schedules.ts";
import { changedSettings } from "./changed_settings.ts";
import { exportTeacher, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { initialBuffer } from "./initial_values.ts";
import { MetricsFile, type MetricsRow } from "./metrics_file.ts";
import { previewOf } from "./preview.ts";
import { exists, openRunFolder, type RunFolder } from "./run_folder.ts";
import { recordStep, stepShape, viewMaker } from "./run_setup.ts";
import type { TrainStep } from "./step.ts";
import { Trainer } from "./trainer.ts";
import { UploadedViews } from "./view_input.ts";
import { workersOf } from "./workers.ts";

/** What a run is about to do, once everything is checked and before the first step. */
export interface RunStart {
  config: TrainConfig;
  adapter: AdapterFacts;
  /** What `precision` came to. */
  precision: Exclude<TrainConfig["precision"], "auto">;
  images: number;
  /** Images of an optimizer step. */
  batchSize: number;
  totalSteps: number;
  /** First step; more than 0 in a resumed run. */
  startStep: number;
  /** GPU memory that the plan takes. */
  memoryBytes: number;
}

/** Callbacks and the switch of a run. */
export interface TrainHooks {
  onStart?: (start: RunStart) => void;
  /** Called for every step, when its numbers have come back. */
  onStep?: (row: MetricsRow) => void;
  /** Something worth a line: an unreadable image or shard, a saved checkpoint, images packed. */
  onMessage?: (message: string) => void;
  /** Ends the run after the current step, with a checkpoint to resume from. */
  signal?: AbortSignal;
}

/** Where a run ended. */
export interface TrainResult {
  /** Optimizer steps done, over all sessions of the run. */
  steps: number;
  /** False if the signal ended it early. */
  finished: boolean;
  /** The last row of the metrics. */
  last: MetricsRow | undefined;
  checkpoint: string;
  /** The teacher's backbone under official names. */
  exported: string;
}

/**
 * Trains a vision transformer with DINOv2 on a set of images.
 *
 * @example
 * ```ts
 * import { train } from "./train.ts";
 *
 * async function firstRun() {
 *   const { last } = await train({
 *     out: "out/first",
 *     data: "my_images",
 *     model: "dinov2/vits14-notpretrained",
 *     steps: 1000,
 *   }, { onStep: ({ step, train_loss }) => console.log(step, train_loss) });
 *   return last;
 * }
 * ```
 *
 * @param options Settings; defaults are the reference's.
 * @throws {ConfigError} Lists every problem of the settings.
 * @throws {DataError} If there are no readable images; with `data_errors` "fail", if one or a shard
 * is damaged.
 * @throws {GpuError} If there is no adapter, or the run does not fit it.
 * @throws {TrainingError} If a loss is not finite.
 */
export async function train(options: TrainOptions, hooks: TrainHooks = {}): Promise<TrainResult> {
  const config = resolveConfig(options);
  const images = await findImages(config.data);
  noteProblems(images, config, hooks);
  await assertSomeReadable(images);
  const batchSize = Math.min(config.batch_size, images.names.length);
  if (batchSize < config.batch_size) {
    hooks.onMessage?.(
      `batch_size lowered from ${config.batch_size} to ${batchSize}: there are no more images`,
    );
  }
  checkNeighbours(config, batchSize);
  const shape = stepShape(config, batchSize);
  const open = await openDevice(config.accelerator);
  try {
    const maker = viewMaker(config, open.facts);
    const views = maker === "gpu" ? config.transform_args : null;
    const { plan, step, gpuViews } = recordStep(open.facts, shape, views);
    assertFits(plan, open.facts.software ? Deno.systemMemoryInfo().available : undefined);
    const folder = await openRunFolder(config);
    using runner = await PlanRunner.build(plan, open);
    const fast = await fastSet(config, images, hooks);
    // Only now: an earlier run is not given up for one that cannot start.
    if (config.overwrite && !config.resume_interrupted) await folder.clear();
    const startStep = await begin(config, folder, step, runner);
    const accumulation = shape.accumulationSteps;
    using loader = openLoader(config, fast, {
      batchSize,
      startStep: startStep * accumulation,
      maker,
      maxImageBytes: gpuViews?.capacityBytes ?? Infinity,
      onDamage: hooks.onMessage,
    });
    const totalSteps = lengthOf(config, loader.batchesPerEpoch / accumulation, startStep);
    await noteSettings(config, folder, hooks);
    const schedules = new Schedules({
      method: config.method_args,
      optim: config.optim_args,
      batchSize: batchSize * accumulation,
      totalSteps,
    });
    hooks.onStart?.({
      config,
      adapter: open.facts,
      precision: config.precision === "auto" ? "32-true" : config.precision,
      images: images.names.length,
      batchSize: batchSize * accumulation,
      totalSteps,
      startStep,
      memoryBytes: costOf(plan).totalBytes,
    });
    await showFirstBatch(config, images, folder, hooks);
    const input = gpuViews ?? new UploadedViews(step);
    using trainer = new Trainer(config, open, runner, step, input, loader, schedules);
    return await runSteps(trainer, folder, { startStep, totalSteps }, hooks);
  } finally {
    open.close();
  }
}

/** Start values, or those of the run that is resumed; returns the first step. */
async function begin(
  config: TrainConfig,
  folder: RunFolder,
  step: TrainStep,
  runner: PlanRunner,
): Promise<number> {
  if (config.resume_interrupted) {
    return (await loadCheckpoint(folder.lastCheckpoint, step, runner)).step;
  }
  for (const buffers of step.networks.buffers) {
    runner.write(buffers.values, initialBuffer(buffers, config.seed, "student"));
    runner.write(buffers.teacher, initialBuffer(buffers, config.seed, "teacher"));
  }
  return 0;
}

/** Tells of shards and folders that are not used as a whole, or ends the run, as it is told to. */
function noteProblems(
  { problems }: ImageSet,
  { data_errors }: TrainConfig,
  hooks: TrainHooks,
): void {
  for (const { name, message } of problems) {
    if (data_errors === "fail") {
      throw new DataError(
        `Cannot train: every shard and folder must be readable, got ${name}: ${message}; or set ` +
          `data_errors=skip to do without`,
      );
    }
    hooks.onMessage?.(`${name}: ${message}`);
  }
}

/** The KoLeo loss looks for each image's nearest neighbour in the batch. */
function checkNeighbours({ data, method_args }: TrainConfig, batchSize: number): void {
  if (batchSize >= 2 || method_args.koleo_loss_weight === 0) return;
  throw new DataError(
    `Cannot train: data must hold at least 2 images for the KoLeo loss, got ${batchSize} in ` +
      `${JSON.stringify(data)}; add images or set method_args.koleo_loss_weight=0`,
  );
}

/** Optimizer steps of the whole run; a resumed one must not be told less than it has done. */
function lengthOf(config: TrainConfig, stepsPerEpoch: number, startStep: number): number {
  const { steps, epochs } = config;
  const total = steps ?? Math.max(1, Math.floor(epochs! * stepsPerEpoch));
  if (total >= startStep) return total;
  throw new ConfigError([{
    key: steps === null ? "epochs" : "steps",
    message: `must come to at least the ${startStep} steps that the run to resume has done, got ` +
      `${total}; raise it`,
  }]);
}

/** The settings of the run so far; undefined where the file was lost or cut off by a kill. */
async function settingsIn(folder: RunFolder): Promise<unknown> {
  try {
    return JSON.parse(await readFile(folder.config, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes the settings down, and tells which of them a resumed run had otherwise. */
async function noteSettings(config: TrainConfig, folder: RunFolder, hooks: TrainHooks) {
  if (config.resume_interrupted) {
    const changed = changedSettings(await settingsIn(folder) ?? config, config);
    if (changed.length > 0) hooks.onMessage?.(`other settings than before: ${changed.join("; ")}`);
  }
  await writeFile(folder.config, JSON.stringify(config, null, 2) + "\n");
}

/** Leaves a picture of the first batch; no reason to end a run that can train without it. */
async function showFirstBatch(
  config: TrainConfig,
  images: ImageSet,
  { augmentations }: RunFolder,
  hooks: TrainHooks,
) {
  if (config.resume_interrupted && await exists(augmentations)) return;
  try {
    await writeFile(augmentations, (await previewOf(config, images)).png);
  } catch (error) {
    hooks.onMessage?.(`cannot write ${augmentations}: ${(error as Error).message}`);
  }
}

/** The images as the loader reads them: packed, where that is asked for. */
async function fastSet(config: TrainConfig, images: ImageSet, hooks: TrainHooks) {
  const { cache_disk, transform_args: views } = config;
  const { onMessage, signal } = hooks;
  if (cache_disk === null) return images;
  const numWorkers = workersOf(config);
  return await packedSet(images, cache_disk, { views, numWorkers, onMessage, signal });
}

function openLoader(
  config: TrainConfig,
  images: ImageSet,
  item: Pick<
    ViewLoaderOptions,
    "batchSize" | "startStep" | "maker" | "maxImageBytes" | "onDamage"
  >,
): ViewLoader & Disposable {
  const { cache_memory, data_errors, seed, transform_args } = config;
  const loader = new ViewLoader({
    images,
    seed,
    numWorkers: workersOf(config),
    cacheBytes: cache_memory * 2 ** 30,
    views: transform_args,
    dataErrors: data_errors,
    ...item,
  });
  return Object.assign(loader, { [Symbol.dispose]: () => loader.close() });
}

async function runSteps(
  trainer: Trainer,
  folder: RunFolder,
  { startStep, totalSteps }: { startStep: number; totalSteps: number },
  hooks: TrainHooks,
): Promise<TrainResult> {
  const { config } = trainer;
  using file = new MetricsFile(folder.metrics, startStep);
  let last: MetricsRow | undefined;
  const report = (rows: MetricsRow[]) => {
    for (const row of rows) {
      file.append(row);
      hooks.onStep?.(row);
      last = row;
    }
  };
  const saver = new Saver(trainer, folder);
  let step = startStep;
  while (step < totalSteps && !hooks.signal?.aborted) {
    const rows = await trainer.run(step, (errors) => {
      for (const { path, message } of errors) {
        hooks.onMessage?.(`skipped ${path}: ${message}`);
      }
    });
    report(rows);
    step++;
    if (step % config.save_every_num_steps === 0 && step < totalSteps) {
      report(await trainer.read()); // before saving: a broken state must not replace a good one
      await saver.save(step);
    }
  }
  report(await trainer.read());
  const checkpoint = await saver.save(step);
  await saver.export(step);
  const finished = step >= totalSteps;
  return { steps: step, finished, last, checkpoint, exported: folder.exportedLast };
}

/** Writes checkpoints of a run; keeps the newest. */
class Saver {
  constructor(readonly trainer: Trainer, readonly folder: RunFolder) {}

  async save(stepsDone: number): Promise<string> {
    const { step, runner, config, loader } = this.trainer;
    const micro = stepsDone * step.shape.accumulationSteps;
    const epoch = Math.floor(micro / loader.batchesPerEpoch);
    const file = this.folder.checkpoint(epoch, stepsDone);
    const paths = { file, last: this.folder.lastCheckpoint };
    await saveCheckpoint(paths, step, runner, { step: stepsDone, epoch }, config);
    await this.folder.keepOnly(file);
    return file;
  }

  async export(stepsDone: number): Promise<void> {
    const { step, runner } = this.trainer;
    await exportTeacher(this.folder.exportedLast, step, runner, {
      format: "denodino-backbone/1",
      step: String(stepsDone),
      model: JSON.stringify(step.shape.model),
    });
  }
}
