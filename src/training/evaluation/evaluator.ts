import { BEST_KNN, type NetworkName } from "../../config/evaluation_metrics.ts";
import type { TrainConfig } from "../../config/train_config.ts";
import type { KeptViews } from "../../data/kept_views.ts";
import { unreadableError } from "../../data/loader.ts";
import { assertAllFinite } from "../../eval/assert_finite.ts";
import type { ImageVectors } from "../../eval/labelled_vectors.ts";
import { noneReadable } from "../../eval/none_readable.ts";
import type { OpenDevice } from "../../gpu/device.ts";
import { Gpu } from "../../gpu/gpu.ts";
import type { PlanRunner } from "../../gpu/runner.ts";
import type { StopSignal } from "../../stop_signal.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";
import type { ClassTokenPass } from "./class_token_pass.ts";
import type { EvaluationImages } from "./evaluation_images.ts";
import { describeMetrics } from "./describe_metrics.ts";
import { makeMeasures, type Measure } from "./measures.ts";

/** When an evaluation may be due. */
export interface EvaluationTime {
  /** Optimizer steps done. */
  step: number;
  /** A checkpoint is to be written of just these weights. */
  saves: boolean;
  isLast: boolean;
}

/**
 * Looks at how good the features of a run are, between two of its steps: on its device, with its
 * weights where they are. Nothing of the training is changed by it.
 */
export class Evaluator implements Disposable {
  readonly #config: TrainConfig;
  readonly #pass: ClassTokenPass;
  readonly #runner: PlanRunner;
  readonly #gpu: Gpu;
  readonly #observer: RunObserver;
  readonly #measures: readonly Measure[];
  readonly #told = new Set<string>(); // images that cannot be read

  constructor(
    config: TrainConfig,
    images: EvaluationImages,
    pass: ClassTokenPass,
    { open, runner, observer }: { open: OpenDevice; runner: PlanRunner; observer: RunObserver },
  ) {
    this.#config = config;
    this.#pass = pass;
    this.#runner = runner;
    this.#observer = observer;
    this.#gpu = Gpu.on(open);
    this.#measures = makeMeasures(config, images, {
      gpu: this.#gpu,
      batchSize: pass.batchSize,
      budget: { freeBytes: config.cache_memory * 2 ** 30 },
    });
  }

  /** Whether an earlier session has evaluated, so that there is something to compare with. */
  knowsStart(before: MetricsRow | undefined): boolean {
    if (this.#config.callbacks.knn !== null) return before?.[BEST_KNN] !== undefined;
    return before !== undefined;
  }

  /** Whether anything is to be evaluated now. */
  isDue(time: EvaluationTime): boolean {
    return this.#measures.some((measure) => this.#isDue(measure, time));
  }

  /**
   * Evaluates what is due.
   *
   * @param signal Ends it early.
   * @returns The metrics; undefined if the signal ended it.
   * @throws {CheckpointError} If features are not finite.
   * @throws {DataError} If no image can be read; with `data_errors` "fail", if one cannot.
   */
  async evaluate(
    time: EvaluationTime,
    signal?: StopSignal,
  ): Promise<Record<string, number> | undefined> {
    const startMs = performance.now();
    const due = this.#measures.filter((measure) => this.#isDue(measure, time));
    const sets = due.flatMap(({ sets }) => sets);
    const total = sets.reduce((sum, { images }) => sum + images.names.length, 0);
    let done = 0;
    const count = (images: number) => this.#observer.onEvaluation?.(done += images, total);
    const metrics: Record<string, number> = {};
    for (const { networks, sets, metricsOf } of due) {
      const found: ImageVectors[][] = []; // [set][network]
      for (const set of sets) {
        const vectors = await this.#vectors(set, networks, count, signal);
        if (vectors === undefined) return undefined;
        found.push(vectors);
      }
      for (const [i, network] of networks.entries()) {
        Object.assign(metrics, await metricsOf(found.map((each) => each[i]), network));
      }
    }
    const seconds = (performance.now() - startMs) / 1000;
    this.#observer.onMessage?.(describeMetrics(time.step, metrics, { images: total, seconds }));
    return metrics;
  }

  [Symbol.dispose](): void {
    this.#gpu[Symbol.dispose]();
  }

  #isDue({ everySteps, metrics }: Measure, { step, saves, isLast }: EvaluationTime): boolean {
    if (isLast || step % everySteps === 0) return true;
    // Checkpoints are compared by what their own weights come to.
    const { monitor } = this.#config.callbacks.model_checkpoint;
    return saves && monitor !== null && metrics.includes(monitor);
  }

  /** Class tokens of the readable images of a set, of each network. */
  async #vectors(
    set: KeptViews,
    networks: readonly NetworkName[],
    onImages: (count: number) => void,
    signal: StopSignal | undefined,
  ): Promise<ImageVectors[] | undefined> {
    const { embedDim: width } = this.#pass;
    const { names } = set.images;
    const values = networks.map(() => new Float32Array(names.length * width));
    const indices: number[] = [];
    const skipped: ImageVectors["skipped"] = [];
    for await (const batch of set.batches()) {
      skipped.push(...this.#unreadable(batch.errors));
      if (batch.indices.length > 0) {
        const found = await this.#pass.run(this.#runner, batch.pixels, networks);
        found.forEach((clsToken, i) => {
          assertAllFinite(clsToken, batch.indices.map((index) => names[index]));
          values[i].set(clsToken, indices.length * width);
        });
      }
      indices.push(...batch.indices);
      onImages(batch.indices.length + batch.errors.length);
      if (signal?.aborted) return undefined;
    }
    if (indices.length === 0) throw noneReadable("evaluate features", skipped);
    return values.map((all) => ({
      values: all.subarray(0, indices.length * width),
      width,
      indices,
      skipped,
    }));
  }

  #unreadable(errors: readonly { path: string; message: string }[]): ImageVectors["skipped"] {
    for (const { path, message } of errors) {
      if (this.#config.data_errors === "fail") throw unreadableError(path, message);
      if (this.#told.has(path)) continue;
      this.#told.add(path);
      this.#observer.onMessage?.(`skipped ${path} in evaluations: ${message}`);
    }
    return errors.map(({ path, message }) => ({ name: path, message }));
  }
}
