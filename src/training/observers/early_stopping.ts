import type { CallbackArgs } from "../../config/callback_args.ts";
import { assertMetric } from "../assert_metric.ts";
import type { EpochAt } from "../epochs.ts";
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
 * An epoch is judged with its last row, which comes before the next step: where a run ends does not
 * depend on the machine. There is no state to save: a resumed run is shown the rows before it.
 */
export class EarlyStopping implements RunObserver {
  #epoch = { index: 0, sum: 0, count: 0 };
  #best: EpochMean | undefined;
  #epochsWithout = 0;
  #reason: string | undefined;
  #isKnown = false;

  /**
   * @param epochAt Where epochs end.
   * @param rare Metrics that only some rows have.
   * @param earlier Rows of the run before this session.
   */
  constructor(
    readonly args: EarlyStoppingArgs,
    readonly epochAt: EpochAt,
    readonly rare: readonly string[] = [],
    earlier: readonly MetricsRow[] = [],
  ) {
    for (const row of earlier) this.onStep(row);
  }

  /** @throws {ConfigError} If the first row does not have the metric, nor may a later one. */
  onStep(row: MetricsRow): void {
    if (!this.#isKnown) this.#checkMonitor(row);
    if (row.epoch !== this.#epoch.index) this.#endEpoch(row.epoch); // rows of the last are lost
    const value = row[this.args.monitor];
    if (value !== undefined) this.#add(value, row.step);
    if (this.needsRow(row.step)) this.#endEpoch(row.epoch + 1);
  }

  /** The last step of an epoch. */
  needsRow(step: number): boolean {
    return this.epochAt(step + 1) !== this.epochAt(step);
  }

  reasonToStop(): string | undefined {
    return this.#reason;
  }

  #add(value: number, step: number): void {
    this.#epoch.sum += value;
    this.#epoch.count++;
    if (this.args.check_finite && !Number.isFinite(value)) {
      this.#reason ??= `${this.args.monitor} is ${value} in step ${step}`;
    }
  }

  #checkMonitor(row: MetricsRow): void {
    assertMetric("callbacks.early_stopping.monitor", this.args.monitor, row, this.rare);
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
