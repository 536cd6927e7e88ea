import type { Gpu } from "../gpu/gpu.ts";
import type { TrainStep } from "../training/step.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison, Tolerance } from "./comparison.ts";

/** A training case being replayed. */
export interface Replay {
  readonly gpu: Gpu;
  readonly case: GoldenCase;
  readonly step: TrainStep;
  readonly comparison: Comparison;
  /** Compares with the tensor of that name, thinned out where the case is; skips absent ones. */
  check(name: string, actual: ArrayLike<number>, allowed: Tolerance): void;
}
