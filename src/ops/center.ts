import source from "../../kernels/center.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { elementCount, expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowCount } from "./row_count.ts";

const WORKGROUP_SIZE = 256;

/**
 * Moves the center towards the mean of this step's teacher logits; the next step subtracts it.
 *
 * Differs: a step without any row leaves the center alone, where the reference would average over
 * nothing and get NaN.
 *
 * @param center `[numPrototypes]`, updated.
 * @param batchMean Mean logits, `[numPrototypes]` or `[1, numPrototypes]`.
 * @param momentum How much of the old center stays.
 * @param count `[1]` u32: how many rows the mean is of; null: surely some.
 * @throws {ShapeError} If `batchMean` does not fit `center`.
 */
export function updateCenter(
  gpu: Recorder,
  center: Tensor,
  batchMean: Tensor,
  momentum: number,
  count: Tensor | null,
): void {
  const [numPrototypes] = expectShape("updateCenter", "center", center, ["numPrototypes"]);
  if (batchMean.shape.at(-1) !== numPrototypes || elementCount(batchMean.shape) !== numPrototypes) {
    throw new ShapeError(
      `Cannot run updateCenter: batchMean must have shape [1, ${numPrototypes}], ` +
        `got [${batchMean.shape.join(", ")}]`,
    );
  }
  if (count) expectShape("updateCenter", "count", count, [1]);
  gpu.run({
    label: "center.update",
    source,
    entryPoint: "update",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", numPrototypes], ["f32", momentum], ["f32", 1 - momentum]),
    inputs: [batchMean, rowCount(gpu, count)],
    outputs: [center],
    workgroups: Math.ceil(numPrototypes / WORKGROUP_SIZE),
  });
}
