import source from "../../kernels/layer_scale.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowSplits } from "./row_splits.ts";

const WORKGROUP_SIZE = 256;

/** Lanes of a column sum: narrow, so that a small width still makes several workgroups. */
const COLUMN_LANES = 64;

/** What scaled a residual branch on its way forward. */
export interface BranchScales {
  /** Layer scale, `[dim]`; null where the model has none. */
  gamma: Tensor | null;
  /** Drop path: a factor per sequence, `[S]`, and each token's sequence, u32 `[T]`. */
  rowScale: { sequenceOfToken: Tensor; scale: Tensor } | null;
  /** Gradient of `gamma`, `[dim]`: added to; null where it is not wanted. */
  dGamma: Tensor | null;
}

/**
 * Backward of `y = residual + gamma · scale[sequence] · branch`; the residual's gradient is `dy`.
 *
 * @param dy `[T, dim]`.
 * @param branch `[T, dim]`; read only for `dGamma`.
 * @returns dBranch `[T, dim]`: `dy` itself where nothing scaled the branch.
 * @throws {ShapeError} If a tensor does not fit `dy`.
 */
export function layerScaleBackward(
  gpu: Recorder,
  dy: Tensor,
  branch: Tensor,
  { gamma, rowScale, dGamma }: BranchScales,
): Tensor {
  const op = "layerScaleBackward";
  const [rows, dim] = expectShape(op, "dy", dy, ["T", "dim"]);
  expectShape(op, "branch", branch, [rows, dim]);
  if (gamma) expectShape(op, "gamma", gamma, [dim]);
  if (dGamma) expectShape(op, "dGamma", dGamma, [dim]);
  if (rowScale) {
    expectShape(op, "sequenceOfToken", rowScale.sequenceOfToken, [rows]);
    expectShape(op, "scale", rowScale.scale, ["S"]);
  }
  if (rows === 0) return dy;
  const scales = [rowScale?.sequenceOfToken ?? dy, rowScale?.scale ?? dy];
  const hasScale = rowScale ? 1 : 0;
  if (dGamma) addGammaGradient(gpu, dy, branch, scales, hasScale, dGamma);
  if (!gamma && !rowScale) return dy;

  const dBranch = gpu.empty([rows, dim], "layer_scale.dBranch");
  gpu.run({
    label: "layer_scale.backward_input",
    source,
    entryPoint: "backward_input",
    constants: { WORKGROUP_SIZE, HAS_GAMMA: gamma ? 1 : 0, HAS_SCALE: hasScale },
    params: packParams(["u32", rows], ["u32", dim], ["u32", 1]),
    inputs: [dy, ...scales, gamma ?? dy],
    outputs: [dBranch],
    workgroups: Math.ceil(rows * dim / WORKGROUP_SIZE),
  });
  return dBranch;
}

function addGammaGradient(
  gpu: Recorder,
  dy: Tensor,
  branch: Tensor,
  scales: Tensor[],
  hasScale: number,
  dGamma: Tensor,
): void {
  const [rows, dim] = dy.shape;
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, dim], "layer_scale.partial", "f32");
  const blocks = Math.ceil(dim / COLUMN_LANES);
  const constants = { WORKGROUP_SIZE: COLUMN_LANES, HAS_SCALE: hasScale };
  const params = packParams(["u32", rows], ["u32", dim], ["u32", splits]);
  gpu.run({
    label: "layer_scale.partial_sums",
    source,
    entryPoint: "partial_sums",
    constants,
    params,
    inputs: [dy, ...scales, branch],
    outputs: [partial],
    workgroups: [blocks, splits],
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
