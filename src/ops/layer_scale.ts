import root from "../../kernels/layer_scale.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { addPartials } from "./add_partials.ts";
import { columnSum } from "./column_sum.ts";
import { linkForCells } from "./link_kernel.ts";
import { rowSplits } from "./row_splits.ts";
import { bytesOfRows, expectSubset, type RowSubset } from "./row_subset.ts";
import { columnKernel, COLUMNS } from "./wide_cells.ts";

const SOURCES = linkForCells(root);

/** What scaled a residual branch on its way forward. */
export interface BranchScales {
  /** Layer scale, `[dim]`, and the branch `[rows, dim]` that it scaled; null where there is none. */
  scale: { gamma: Tensor; branch: Tensor; dGamma: Tensor } | null;
  /** Drop path: the rows of the stream that the branch has; null where it has all of them. */
  subset: RowSubset | null;
  /** Gradient of the bias that ends the branch, `[dim]`: added to. */
  dBias: Tensor;
}

/**
 * Backward of `y = residual + gamma · factor · branch`; the residual's gradient is `dy`.
 *
 * @param dy `[T, dim]`.
 * @param scales `dGamma` and `dBias`, `[dim]`, are added to.
 * @returns dBranch `[rows, dim]`, a row for each that the subset keeps: `dy` itself where nothing
 * scaled the branch.
 * @throws {ShapeError} If a tensor does not fit `dy`.
 */
export function layerScaleBackward(
  gpu: Recorder,
  dy: Tensor,
  { scale, subset, dBias }: BranchScales,
): Tensor {
  const op = "layerScaleBackward";
  const [tokens, dim] = expectShape(op, "dy", dy, ["T", "dim"]);
  const rows = subset?.count ?? tokens;
  if (scale) {
    expectShape(op, "gamma", scale.gamma, [dim]);
    expectShape(op, "branch", scale.branch, [rows, dim]);
    expectShape(op, "dGamma", scale.dGamma, [dim]);
  }
  if (subset) expectSubset(op, subset, tokens);
  expectShape(op, "dBias", dBias, [dim]);
  if (!scale && !subset) columnSum(gpu, dy, dBias);
  if (rows === 0 || !scale && !subset) return dy;

  const dBranch = gpu.empty([rows, dim], "layer_scale.dBranch");
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, scale ? 2 * dim : dim], "layer_scale.partial", "f32");
  const inputs = [dy, subset?.table ?? dy, scale?.gamma ?? dy, scale?.branch ?? dy];
  const { source, constants } = columnKernel(gpu.adapter, dim, SOURCES);
  gpu.run({
    label: "layer_scale.backward",
    source,
    entryPoint: "backward",
    constants: { ...constants, HAS_GAMMA: scale ? 1 : 0, HAS_SUBSET: subset ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim], ["u32", splits]),
    inputs,
    outputs: [dBranch, partial],
    workgroups: [Math.ceil(dim / COLUMNS), splits],
    bytes: subset ? bytesOfRows(subset, rows, [...inputs, dBranch, partial]) : undefined,
  });
  addPartials(gpu, partial, scale ? [scale.dGamma, dBias] : [dBias]);
  return dBranch;
}
