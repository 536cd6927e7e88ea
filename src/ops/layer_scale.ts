import source from "../../kernels/layer_scale.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowSplits } from "./row_splits.ts";
import { bytesOfRows, expectSubset, type RowSubset } from "./row_subset.ts";

const WORKGROUP_SIZE = 256;

/** Lanes of a column sum: narrow, so that a small width still makes several workgroups. */
const COLUMN_LANES = 64;

/** What scaled a residual branch on its way forward. */
export interface BranchScales {
  /** Layer scale, `[dim]`; null where the model has none. */
  gamma: Tensor | null;
  /** Drop path: the rows of the stream that the branch has; null where it has all of them. */
  subset: RowSubset | null;
  /** Gradient of `gamma`, `[dim]`: added to; null where it is not wanted. */
  dGamma: Tensor | null;
}

/**
 * Backward of `y = residual + gamma · factor · branch`; the residual's gradient is `dy`.
 *
 * @param dy `[T, dim]`.
 * @param branch `[rows, dim]`, a row for each that the subset keeps; read only for `dGamma`.
 * @returns dBranch `[rows, dim]`: `dy` itself where nothing scaled the branch.
 * @throws {ShapeError} If a tensor does not fit `dy`.
 */
export function layerScaleBackward(
  gpu: Recorder,
  dy: Tensor,
  branch: Tensor,
  { gamma, subset, dGamma }: BranchScales,
): Tensor {
  const op = "layerScaleBackward";
  const [tokens, dim] = expectShape(op, "dy", dy, ["T", "dim"]);
  const rows = subset?.count ?? tokens;
  if (dGamma) expectShape(op, "branch", branch, [rows, dim]);
  if (gamma) expectShape(op, "gamma", gamma, [dim]);
  if (dGamma) expectShape(op, "dGamma", dGamma, [dim]);
  if (subset) expectSubset(op, subset, tokens);
  if (rows === 0) return dy;
  if (dGamma) addGammaGradient(gpu, dy, branch, subset, dGamma);
  if (!gamma && !subset) return dy;

  const dBranch = gpu.empty([rows, dim], "layer_scale.dBranch");
  const inputs = [dy, subset?.table ?? dy, gamma ?? dy];
  gpu.run({
    label: "layer_scale.backward_input",
    source,
    entryPoint: "backward_input",
    constants: { WORKGROUP_SIZE, HAS_GAMMA: gamma ? 1 : 0, HAS_SUBSET: subset ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim], ["u32", 1]),
    inputs,
    outputs: [dBranch],
    workgroups: Math.ceil(rows * dim / WORKGROUP_SIZE),
    bytes: subset ? bytesOfRows(subset, rows, [...inputs, dBranch]) : undefined,
  });
  return dBranch;
}

function addGammaGradient(
  gpu: Recorder,
  dy: Tensor,
  branch: Tensor,
  subset: RowSubset | null,
  dGamma: Tensor,
): void {
  const [rows, dim] = branch.shape;
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, dim], "layer_scale.partial", "f32");
  const blocks = Math.ceil(dim / COLUMN_LANES);
  const constants = { WORKGROUP_SIZE: COLUMN_LANES };
  const params = packParams(["u32", rows], ["u32", dim], ["u32", splits]);
  const inputs = [dy, subset?.table ?? dy, branch];
  gpu.run({
    label: "layer_scale.partial_sums",
    source,
    entryPoint: "partial_sums",
    constants: { ...constants, HAS_SUBSET: subset ? 1 : 0 },
    params,
    inputs,
    outputs: [partial],
    workgroups: [blocks, splits],
    bytes: subset ? bytesOfRows(subset, rows, [...inputs, partial]) : undefined,
  });
  gpu.run({
    label: "layer_scale.add_partials",
    source,
    entryPoint: "add_partials",
    constants,
    params,
    inputs: [partial],
    outputs: [dGamma],
    workgroups: [blocks, 1],
  });
}
