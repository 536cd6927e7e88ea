import type { TrainConfig } from "./train_config.ts";

/** Optimizer steps of a run that is told neither epochs nor steps; the reference's for DINOv2. */
export const DEFAULT_STEPS = 125_000;

/**
 * Whole epochs that `steps` optimizer steps need.
 *
 * @param stepsPerEpoch Optimizer steps of an epoch; not whole where accumulation runs past its end.
 */
export function epochsOf(steps: number, stepsPerEpoch: number): number {
  return Math.ceil(steps / stepsPerEpoch);
}

/**
 * Optimizer steps of a whole run: `steps`, or those of its epochs.
 *
 * @example
 * ```ts
 * import { totalStepsOf } from "./run_length.ts";
 *
 * console.log(totalStepsOf({ steps: null, epochs: 2 }, 10)); // 20
 * console.log(totalStepsOf({ steps: null, epochs: "auto" }, 80)); // 125040: 1563 whole epochs
 * ```
 */
export function totalStepsOf(
  { steps, epochs }: Pick<TrainConfig, "steps" | "epochs">,
  stepsPerEpoch: number,
): number {
  if (steps !== null) return steps;
  if (epochs === 0) return 0;
  const passes = epochs === "auto" ? epochsOf(DEFAULT_STEPS, stepsPerEpoch) : epochs;
  return Math.max(1, Math.floor(passes * stepsPerEpoch));
}
