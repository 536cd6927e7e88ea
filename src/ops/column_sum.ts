import root from "../../kernels/column_sum.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { addPartials } from "./add_partials.ts";
import { linkForCells } from "./link_kernel.ts";
import { rowSplits } from "./row_splits.ts";
import { columnKernel, COLUMNS } from "./wide_cells.ts";

const SOURCES = linkForCells(root);

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
  gpu.run({
    ...columnKernel(gpu.adapter, cols, SOURCES),
    label: "column_sum.partial_sums",
    entryPoint: "partial_sums",
    params: packParams(["u32", rows], ["u32", cols], ["u32", splits]),
    inputs: [x],
    outputs: [partial],
    workgroups: [Math.ceil(cols / COLUMNS), splits],
  });
  addPartials(gpu, partial, [into]);
}
