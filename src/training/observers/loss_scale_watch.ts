import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";

/**
 * Tells of the steps that 16-mixed skips, since their scaled gradients were not finite: a few at
 * the start are how the scale finds its place.
 */
export class LossScaleWatch implements RunObserver {
  readonly #tell: (message: string) => void;
  #skipped: number;

  /** @param before The numbers of the step before the first, in a resumed run. */
  constructor(tell: (message: string) => void, before?: MetricsRow) {
    this.#tell = tell;
    this.#skipped = before?.skipped_steps ?? 0;
  }

  onStep({ step, loss_scale, skipped_steps }: MetricsRow): void {
    if (!(skipped_steps > this.#skipped)) return;
    this.#skipped = skipped_steps;
    this.#tell(
      `step ${step + 1}: skipped, for its gradients times ${loss_scale} were not finite as ` +
        `float16; goes on with loss_scale ${loss_scale / 2} (${skipped_steps} skipped so far)`,
    );
  }
}
