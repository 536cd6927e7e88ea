import type { TrainConfig } from "../config/train_config.ts";

/** Threads for images: as asked, or all processors but one, which feeds the GPU. */
export function workersOf({ num_workers }: Pick<TrainConfig, "num_workers">): number {
  return num_workers === "auto" ? Math.max(1, navigator.hardwareConcurrency - 1) : num_workers;
}
