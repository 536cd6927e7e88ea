import source from "../../kernels/column_sum.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { addPartials } from "./add_partials.ts";
import { rowSplits } from "./row_splits.ts";

/** Narrow, so that a small width still makes several workgroups. */
const WORKGROUP_SIZE = 64;

/**
 * Adds the sum of each column of `x` `[M, N]` to `into` `[N]`: the gradient of a bias.
 *
 * @throws {ShapeError} If `into` does not fit `x`.
 */
export function columnSum(gpu: Recorder, x: Tensor, into: Tensor): void {
  const [rows, cols] = expectShape("columnSum", "x", x, ["M", "N"]);
  expectShape("columnSum", "into", into, [cols]);
  if (rows === 0 || cols === 0) return;
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, cols], "column_sum.partial", "f32");
  const blocks = Math.ceil(cols / WORKGROUP_SIZE);
  gpu.run({
    label: "column_sum.partial_sums",
    source,
    entryPoint: "partial_sums",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", cols], ["u32", splits]),
    inputs: [x],
    outputs: [partial],
    workgroups: [blocks, splits],
  });
  addPartials(gpu, partial, [into]);
}
