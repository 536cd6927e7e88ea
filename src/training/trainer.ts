import type { TrainConfig } from "../config/train_config.ts";
import type { Batch, BatchSource } from "../data/loader.ts";
import type { OpenDevice } from "../gpu/device.ts";
import { Readback } from "../gpu/readback.ts";
import type { PlanRunner } from "../gpu/runner.ts";
import type { StepRunner } from "../gpu/timed_runner.ts";
import { type Tensor, view } from "../gpu/tensor.ts";
import { hyperOf } from "../optim/parameter_update.ts";
import type { Schedules } from "../optim/schedules.ts";
import type { HostSpan, HostWork } from "../profile/host_work.ts";
import { drawDropPath } from "./drop_path.ts";
import { countEpochs, type EpochAt } from "./epochs.ts";
import { featureStats } from "./feature_stats.ts";
import { metricsRow, type MicroBatch, NonFiniteError, type StepNotes } from "./metrics.ts";
import type { MetricsRow } from "./metrics_file.ts";
import { masksOf } from "./run_setup.ts";
import type { TrainStep } from "./step.ts";
import { setMasks } from "./step_data.ts";
import type { ViewInput } from "./view_input.ts";

/** Images whose class tokens are looked at: more would take the host too long. */
const WATCHED_IMAGES = 128;

/** Class tokens of the first views. */
function watchedFeatures({ clsFeatures, shape }: TrainStep): Tensor {
  return view(clsFeatures, [Math.min(WATCHED_IMAGES, shape.batchSize), shape.model.embedDim]);
}

/** Numbers come back at most this often: each time the host waits for the GPU. */
const READ_EVERY_MS = 250;

/** A step whose numbers have not come back. */
interface WaitingStep extends StepNotes {
  batches: MicroBatch[];
}

/** Somebody who looks on while steps run. */
export interface StepProbe {
  /** What steps are run by. */
  readonly runner: StepRunner;
  /** Told of what the host did. */
  host(span: HostSpan): void;
}

/** Runs the steps of a recorded plan over the batches of a loader. */
export class Trainer implements Disposable {
  readonly epochAt: EpochAt;
  probe: StepProbe | null = null;
  readonly #readback: Readback;
  readonly #features: Readback;
  #waiting: WaitingStep[] = [];
  #featuresStep = 0;
  #readMs = performance.now();

  constructor(
    readonly config: TrainConfig,
    readonly open: OpenDevice,
    readonly runner: PlanRunner,
    readonly step: TrainStep,
    readonly views: ViewInput,
    readonly loader: BatchSource,
    readonly schedules: Schedules,
  ) {
    this.epochAt = countEpochs(step.shape.accumulationSteps, loader.batchesPerEpoch);
    this.#readback = new Readback(open, step.metrics);
    this.#features = new Readback(open, watchedFeatures(step), 1);
  }

  /**
   * Submits one optimizer step; does not wait for the GPU unless numbers are due.
   *
   * @param reports Called for images that could not be read.
   * @returns Rows of this or earlier steps whose numbers have come back.
   */
  async run(step: number, reports: (errors: Batch["errors"]) => void): Promise<MetricsRow[]> {
    const { shape, inputs } = this.step;
    const settings = this.schedules.at(step);
    const { scaledLr } = this.schedules;
    const { method_args: method, optim_args: optim, seed } = this.config;
    const batches: MicroBatch[] = [];
    let waitMs = 0;
    for (let micro = 0; micro < shape.accumulationSteps; micro++) {
      const asked = performance.now();
      const batch = await this.loader.next();
      const came = this.#did("data wait", asked);
      reports(batch.errors);
      waitMs += batch.waitMs;
      batches.push({ epoch: batch.epoch, images: batch.images, indices: batch.indices });
      setMasks(inputs, shape, masksOf(shape, seed, step, micro));
      drawDropPath(inputs, shape, seed, step, micro);
      inputs.set("loss_scalars", [settings.teacherTemp, 1]);
      inputs.set("hyper", hyperOf(step, settings, { method, optim, scaledLr }));
      this.#did("inputs", came);
      await this.#submit(batch, micro);
    }
    const epoch = this.epochAt(step);
    const learningRate = scaledLr * settings.learningRateFactor;
    // The features of the step before must be away, whatever the machine's speed.
    const looksAtFeatures = (step + 1) % this.config.log_every_num_steps === 0;
    const rows = looksAtFeatures && this.#features.pending > 0 ? await this.read() : [];
    const pushing = performance.now();
    this.#readback.push();
    const images = batches.reduce((sum, batch) => sum + batch.images.length, 0);
    this.#waiting.push({ step, epoch, settings, learningRate, images, waitMs, batches });
    if (looksAtFeatures) {
      this.#features.push();
      this.#featuresStep = step;
    }
    this.#did("submit", pushing);
    const due = performance.now() - this.#readMs >= READ_EVERY_MS;
    const full = this.#readback.pending === this.#readback.capacity;
    return due || full ? [...rows, ...await this.read()] : rows;
  }

  /** Waits for the numbers of all steps so far. @throws {NonFiniteError} If one is not finite. */
  async read(): Promise<MetricsRow[]> {
    const asked = performance.now();
    const values = await this.#readback.take();
    const now = this.#did("read back", asked);
    const elapsedMs = (now - this.#readMs) / Math.max(1, values.length);
    this.#readMs = now;
    const notes = this.#waiting;
    this.#waiting = [];
    const rows: MetricsRow[] = [];
    for (const [i, row] of values.entries()) {
      try {
        rows.push(metricsRow(row, notes[i], elapsedMs, this.config.method_args));
      } catch (error) {
        if (!(error instanceof NonFiniteError)) throw error;
        throw Object.assign(error, { rows, batches: notes[i].batches });
      }
    }
    await this.#addFeatureStats(rows);
    return rows;
  }

  /** Leaves out of a step's time what was done since the last one. */
  restartClock(): void {
    this.#readMs = performance.now();
  }

  [Symbol.dispose](): void {
    this.#readback[Symbol.dispose]();
    this.#features[Symbol.dispose]();
  }

  /** Says of the step whose features were looked at how far apart they are. */
  async #addFeatureStats(rows: MetricsRow[]): Promise<void> {
    const [features] = await this.#features.take();
    const row = rows.find(({ step }) => step === this.#featuresStep);
    if (features === undefined || row === undefined) return;
    const { std, effectiveRank } = featureStats(features, this.step.shape.model.embedDim);
    row.feature_std = std;
    row.effective_rank = effectiveRank;
  }

  async #submit({ items }: Batch, micro: number): Promise<void> {
    const { inputs, shape } = this.step;
    const runner = this.probe?.runner ?? this.runner;
    const began = performance.now();
    runner.write(inputs.whole, inputs.values);
    await this.views.submit(runner, items);
    const written = this.#did("writes", began);
    const phases = ["accumulate"];
    if (micro === 0) phases.unshift("begin");
    if (micro === shape.accumulationSteps - 1) phases.push("update");
    const before = runner.submittingMs;
    await runner.run(...phases);
    const submittingMs = runner.submittingMs - before;
    const encoded = this.#did("encode", written, performance.now() - submittingMs);
    this.#did("submit", encoded);
  }

  /** Tells the probe what the host did from `startMs` on; returns when that ended. */
  #did(work: HostWork, startMs: number, endMs = performance.now()): number {
    this.probe?.host({ work, startMs, endMs });
    return endMs;
  }
}
