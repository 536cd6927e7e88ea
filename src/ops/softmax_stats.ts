import kernel from "../../kernels/softmax_stats.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowLanes } from "./lanes.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** What {@linkcode softmaxStats} finds out of each row, f32 `[rows]`. */
export interface SoftmaxStats {
  /** The log-sum-exp: what turns logits into targets, `exp((logits − center) / temp − lse)`. */
  lse: Tensor;
  /** The entropy of those targets, from 0 to `log(numPrototypes)`. */
  entropy: Tensor;
}

/**
 * The log-sum-exp and the entropy of each row of centred, sharpened logits, whose softmax is never
 * stored.
 *
 * @param logits A chunk of teacher logits, `[rows, numPrototypes]`.
 * @param center Subtracted from each row, `[numPrototypes]`.
 * @param temp Teacher temperature of this step, `[1]`.
 * @throws {ShapeError} If `center` or `temp` does not fit.
 */
export function softmaxStats(
  gpu: Recorder,
  logits: Tensor,
  center: Tensor,
  temp: Tensor,
): SoftmaxStats {
  const [rows, numPrototypes] = expectShape("softmaxStats", "logits", logits, [
    "rows",
    "numPrototypes",
  ]);
  expectShape("softmaxStats", "center", center, [numPrototypes]);
  expectShape("softmaxStats", "temp", temp, [1]);
  const lse = gpu.empty([rows], "softmax_stats.lse", "f32");
  const entropy = gpu.empty([rows], "softmax_stats.entropy", "f32");
  if (rows === 0) return { lse, entropy };
  gpu.choose({
    key: `softmax_stats.forward ${logits.dtype} ${rows}x${numPrototypes}`,
    variants: rowLanes(gpu.adapter, numPrototypes),
    record: (gpu, { lanes }) =>
      gpu.run({
        label: "softmax_stats.forward",
        source,
        entryPoint: "forward",
        constants: { WORKGROUP_SIZE: lanes },
        params: packParams(["u32", rows], ["u32", numPrototypes]),
        inputs: [logits, center, temp],
        outputs: [lse, entropy],
        workgroups: rows,
      }),
  });
  return { lse, entropy };
}
