import { BEST_KNN } from "../../config/evaluation_metrics.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";

/** Points that a difference of shares may be off by. */
const ROUNDING = 1e-9;

/**
 * Keeps the best accuracy of the teacher's nearest neighbours in mind, and ends a run whose
 * features have become worse by more than is allowed: continued pretraining may forget.
 *
 * The best is in the rows with an accuracy and in all checkpoints: a resumed run goes on with it.
 */
export class KnnWatch implements RunObserver {
  readonly stopsForHarm = true;
  #best: number | undefined;
  #reason: string | undefined;

  /**
   * @param maxDrop Percentage points that may be lost; null for any.
   * @param before The numbers of the step before the first, in a resumed run.
   */
  constructor(readonly maxDrop: number | null, before?: MetricsRow) {
    this.#best = before?.[BEST_KNN];
    if (before !== undefined) this.extend(before);
  }

  extend({ knn_top1: now, step }: Readonly<MetricsRow>): Record<string, number> {
    if (now === undefined) return {};
    const best = this.#best = Math.max(this.#best ?? now, now);
    const drop = 100 * (best - now);
    if (this.maxDrop !== null && drop > this.maxDrop + ROUNDING) {
      this.#reason = `knn_top1 ${percent(now)} of step ${step + 1} is ${drop.toFixed(1)} points ` +
        `below the best ${percent(best)}; callbacks.knn.max_drop allows ${this.maxDrop}, ` +
        "raise it to go on";
    }
    return { [BEST_KNN]: best };
  }

  reasonToStop(): string | undefined {
    return this.#reason;
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
