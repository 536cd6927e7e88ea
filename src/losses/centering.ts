import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { updateCenter } from "../ops/center.ts";
import { matmul } from "../ops/matmul.ts";
import { meanRows } from "../ops/mean_rows.ts";
import type { Features } from "./prototype_loss.ts";

/**
 * Moves a centre towards the batch mean of the teacher's logits; first used in the next step.
 *
 * The mean of the logits is the prototypes times the mean feature, so no logits are needed.
 *
 * @param center `[K]`, in place.
 * @param count Rows that count, u32 `[1]`; null: all. Where it is 0 the centre stays.
 */
export function followTeacher(
  gpu: Recorder,
  center: Tensor,
  teacher: Features,
  momentum: number,
  count: Tensor | null,
): void {
  const mean = meanRows(gpu, teacher.features, count); // [1, d]
  const label = "batch_center";
  const batchCenter = matmul(gpu, mean, teacher.prototypes, { transposeB: true, label }); // [1, K]
  updateCenter(gpu, center, batchCenter, momentum, count);
}
