import type { CallbackArgs } from "../../config/callback_args.ts";
import { assertMetric } from "../assert_metric.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";

type EarlyStoppingArgs = NonNullable<CallbackArgs["early_stopping"]>;

/** A metric's mean over an epoch. */
interface EpochMean {
  epoch: number;
  mean: number;
}

/**
 * Ends a run when the mean of a metric over an epoch has not improved for some epochs.
 *
 * An epoch is judged when the first row of the next one comes. There is no state to save: a resumed
 * run is shown the rows before it.
 */
export class EarlyStopping implements RunObserver {
  #epoch = { index: 0, sum: 0, count: 0 };
  #best: EpochMean | undefined;
  #epochsWithout = 0;
  #reason: string | undefined;
  #isKnown = false;

  /** @param earlier Rows of the run before this session. */
  constructor(readonly args: EarlyStoppingArgs, earlier: readonly MetricsRow[] = []) {
    for (const row of earlier) this.onStep(row);
  }

  /** @throws {ConfigError} If the first row does not have the metric. */
  onStep(row: MetricsRow): void {
    if (!this.#isKnown) this.#checkMonitor(row);
    const value = row[this.args.monitor];
    if (value === undefined) return; // in some rows only
    if (row.epoch !== this.#epoch.index) this.#endEpoch(row.epoch);
    this.#epoch.sum += value;
    this.#epoch.count++;
    if (this.args.check_finite && !Number.isFinite(value)) {
      this.#reason ??= `${this.args.monitor} is ${value} in step ${row.step}`;
    }
  }

  reasonToStop(): string | undefined {
    return this.#reason;
  }

  #checkMonitor(row: MetricsRow): void {
    assertMetric("callbacks.early_stopping.monitor", this.args.monitor, row);
    this.#isKnown = true;
  }

  #endEpoch(next: number): void {
    const { index, sum, count } = this.#epoch;
    if (count > 0) this.#judge({ epoch: index, mean: sum / count });
    this.#epoch = { index: next, sum: 0, count: 0 };
  }

  #judge(now: EpochMean): void {
    const { monitor, patience, min_delta, mode } = this.args;
    const best = this.#best?.mean ?? (mode === "min" ? Infinity : -Infinity);
    const gain = mode === "min" ? best - now.mean : now.mean - best;
    if (gain > min_delta) {
      this.#best = now;
      this.#epochsWithout = 0;
      return;
    }
    this.#epochsWithout++;
    if (this.#epochsWithout < patience) return;
    const epochs = this.#epochsWithout === 1 ? "1 epoch" : `${this.#epochsWithout} epochs`;
    const was = this.#best === undefined
      ? ""
      : `: its best mean is ${this.#best.mean.toPrecision(4)}, of epoch ${this.#best.epoch}`;
    this.#reason ??= `${monitor} has not improved for ${epochs}${was}`;
  }
}
