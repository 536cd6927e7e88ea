import { BEST_KNN, evaluationMetrics } from "../config/evaluation_metrics.ts";
import type { TrainConfig } from "../config/train_config.ts";
import { assertMetric, rareMetrics } from "./assert_metric.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { Observers } from "./observer.ts";

/** The rows of a run from when their numbers come back to when observers are told. */
export class RunRows {
  /** The last row that was told in this session. */
  last: MetricsRow | undefined;
  /** What an evaluation came to before a step, which the row of that step is to tell. */
  start: { step: number; metrics: Record<string, number> } | undefined;
  readonly #held: MetricsRow[] = [];
  readonly #carried: readonly string[];
  readonly #known: Record<string, number> = {}; // newest value of each that is carried

  /** @param before The numbers of the step before the first, in a resumed run. */
  constructor(
    readonly config: TrainConfig,
    readonly observers: Observers,
    readonly before: MetricsRow | undefined,
  ) {
    const { monitor } = config.callbacks.model_checkpoint;
    // An evaluation is of one step's weights; of the other metrics the newest value stands for all.
    const isCarried = monitor !== null && !evaluationMetrics(config.callbacks).includes(monitor);
    this.#carried = isCarried ? [BEST_KNN, monitor] : [BEST_KNN];
    if (before !== undefined) this.#note(before);
  }

  add(rows: readonly MetricsRow[]): void {
    this.#held.push(...rows);
  }

  /** Adds numbers to the newest row. */
  attach(metrics: Record<string, number> = {}): void {
    Object.assign(this.#held.at(-1)!, metrics);
  }

  /** @throws {ConfigError} If the first row shows that checkpoints have no such monitor. */
  tell(): void {
    for (const row of this.#held.splice(0)) {
      const { start } = this;
      const whole = this.observers.extend(
        row.step === start?.step ? { ...row, ...start.metrics } : row,
      );
      if (this.last === undefined) this.#checkMonitor(whole);
      this.#note(whole);
      this.observers.onStep(this.last = whole);
    }
  }

  /** The numbers of the last step, and the newest of what only some rows have. */
  get forCheckpoint(): MetricsRow | undefined {
    const { last } = this;
    return last === undefined ? this.before : { ...last, ...this.#known, ...last };
  }

  #note(row: MetricsRow): void {
    for (const name of this.#carried) if (name in row) this.#known[name] = row[name];
  }

  #checkMonitor(row: MetricsRow): void {
    const { monitor } = this.config.callbacks.model_checkpoint;
    if (monitor === null) return;
    const key = "callbacks.model_checkpoint.monitor";
    assertMetric(key, monitor, row, rareMetrics(this.config));
  }
}
