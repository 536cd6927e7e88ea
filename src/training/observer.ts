import type { Precision } from "../config/device_fields.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import type { Schedules } from "../optim/schedules.ts";
import type { KnownVariants } from "../tuning/variants_file.ts";
import type { MetricsRow } from "./metrics_file.ts";

/** What a run is about to do, once everything is checked and before the first step. */
export interface RunStart {
  config: TrainConfig;
  adapter: AdapterFacts;
  /** Variants of kernels, by what they do; empty where there is nothing to choose. */
  variants: KnownVariants;
  /** What `precision` came to. */
  precision: Precision;
  images: number;
  /** Images of an optimizer step. */
  batchSize: number;
  stepsPerEpoch: number;
  totalSteps: number;
  /** First step; more than 0 in a resumed run. */
  startStep: number;
  /** GPU memory that the plan takes. */
  memoryBytes: number;
  /** The student's tensors, by their names such as `backbone.blocks.0.attn.qkv.weight`. */
  parameters: readonly { name: string; shape: readonly number[] }[];
  schedules: Schedules;
}

/** A checkpoint that was written. */
export interface SavedCheckpoint {
  path: string;
  /** Optimizer steps done. */
  step: number;
  epoch: number;
}

/** A teacher's backbone that was written. */
export interface ExportedModel {
  path: string;
  /** Optimizer steps done. */
  step: number;
}

/** How a run came to its end. */
export interface RunEnd {
  /** Optimizer steps done, over all sessions of the run. */
  steps: number;
  /** False if something ended it early. */
  finished: boolean;
  /** Why: "all steps are done", "interrupted", or the message of an error. */
  reason: string;
  /** What was thrown, if something was. */
  error?: unknown;
}

/**
 * Something that follows a run: a file of it, a log, a progress bar. Calls come in the order of the
 * run, one at a time; what is not there is not called.
 */
export interface RunObserver {
  onStart?(start: RunStart): void;
  /**
   * Asked for every step before it is told: more numbers for its row, by names that the row does
   * not have yet.
   */
  extend?(row: Readonly<MetricsRow>): Record<string, number>;
  /** Called for every step, when its numbers have come back. */
  onStep?(row: MetricsRow): void;
  /** Something worth a line: an unreadable image or shard, images packed, a changed setting. */
  onMessage?(message: string): void;
  /** Published weights are being downloaded; the last call has as many bytes as there are. */
  onDownload?(doneBytes: number, totalBytes: number): void;
  /** Kernels whose variants are measured before the first step, of how many. */
  onTuning?(done: number, total: number): void;
  onCheckpoint?(saved: SavedCheckpoint): void;
  onExport?(exported: ExportedModel): void;
  /** Called once, also where an error ends the run. */
  onEnd?(end: RunEnd): void;
  /** Images that an evaluation of the run has looked at, of how many. */
  onEvaluation?(doneImages: number, totalImages: number): void;
  /**
   * Asked after every step: whether it must be told before the next one begins. Numbers come back
   * late; what is decided by them must not depend on how late.
   *
   * @param step Counted from 0.
   */
  needsRow?(step: number): boolean;
  /** Asked before the first step and after each: a reason to end the run here, if there is one. */
  reasonToStop?(): string | undefined;
  /** Whether its reason is that the run went wrong. */
  readonly stopsForHarm?: boolean;
  [Symbol.dispose]?(): void;
}

/** Several observers as one; each call goes to all, in their order. */
export class Observers implements RunObserver, Disposable {
  readonly #all: RunObserver[];
  #stopsForHarm = false;

  constructor(...observers: RunObserver[]) {
    this.#all = observers;
  }

  /** One more, which is called before the others: what is written comes before what is shown. */
  add(observer: RunObserver): void {
    this.#all.unshift(observer);
  }

  onStart(start: RunStart): void {
    for (const each of this.#all) each.onStart?.(start);
  }

  /** The whole row: what the step came to, and what observers add. */
  extend(row: MetricsRow): MetricsRow {
    const added = this.#all.map((each) => each.extend?.(row));
    return Object.assign({}, row, ...added, row); // what is there stays as it is, and first
  }

  onStep(row: MetricsRow): void {
    for (const each of this.#all) each.onStep?.(row);
  }

  onMessage(message: string): void {
    for (const each of this.#all) each.onMessage?.(message);
  }

  onDownload(doneBytes: number, totalBytes: number): void {
    for (const each of this.#all) each.onDownload?.(doneBytes, totalBytes);
  }

  onTuning(done: number, total: number): void {
    for (const each of this.#all) each.onTuning?.(done, total);
  }

  onCheckpoint(saved: SavedCheckpoint): void {
    for (const each of this.#all) each.onCheckpoint?.(saved);
  }

  onExport(exported: ExportedModel): void {
    for (const each of this.#all) each.onExport?.(exported);
  }

  /** Tells all, even if one fails; what ended the run matters more than what fails then. */
  onEnd(end: RunEnd): void {
    const failures: unknown[] = [];
    for (const each of this.#all) {
      try {
        each.onEnd?.(end);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0 && end.error === undefined) throw failures[0];
  }

  onEvaluation(doneImages: number, totalImages: number): void {
    for (const each of this.#all) each.onEvaluation?.(doneImages, totalImages);
  }

  needsRow(step: number): boolean {
    return this.#all.some((each) => each.needsRow?.(step) ?? false);
  }

  /** The first of the reasons; whose it is decides over `stopsForHarm`. */
  reasonToStop(): string | undefined {
    const asked = this.#all.map((each) => ({ each, reason: each.reasonToStop?.() }));
    const first = asked.find(({ reason }) => reason !== undefined);
    this.#stopsForHarm = first?.each.stopsForHarm ?? false;
    return first?.reason;
  }

  get stopsForHarm(): boolean {
    return this.#stopsForHarm;
  }

  [Symbol.dispose](): void {
    for (const each of this.#all.splice(0)) each[Symbol.dispose]?.();
  }
}
