import source from "../../kernels/softmax_stats.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

/** Lanes per row; 65,536 prototypes are 256 strides. */
const WORKGROUP_SIZE = 256;

/**
 * The log-sum-exp of each row of centred, sharpened logits: what turns teacher logits into targets,
 * `exp((logits − center) / temp − lse)`, without storing them.
 *
 * @param logits A chunk of teacher logits, `[rows, numPrototypes]`.
 * @param center Subtracted from each row, `[numPrototypes]`.
 * @param temp Teacher temperature of this step, `[1]`.
 * @returns The log-sum-exp, `[rows]`, f32.
 * @throws {ShapeError} If `center` or `temp` does not fit.
 */
export function rowLogSumExp(
  gpu: Recorder,
  logits: Tensor,
  center: Tensor,
  temp: Tensor,
): Tensor {
  const [rows, numPrototypes] = expectShape("rowLogSumExp", "logits", logits, [
    "rows",
    "numPrototypes",
  ]);
  expectShape("rowLogSumExp", "center", center, [numPrototypes]);
  expectShape("rowLogSumExp", "temp", temp, [1]);
  const lse = gpu.empty([rows], "softmax_stats.lse");
  if (rows === 0) return lse;
  gpu.run({
    label: "softmax_stats.forward",
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", numPrototypes]),
    inputs: [logits, center, temp],
    outputs: [lse],
    workgroups: rows,
  });
  return lse;
}
