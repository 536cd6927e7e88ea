import source from "../../kernels/residual.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { forwardProduct, linear } from "./linear.ts";
import { dispatchMatmul, type MatmulOptions } from "./matmul_dispatch.ts";

/** What a residual branch is scaled by, and where it joins. */
export interface ResidualJoin extends MatmulOptions {
  /** The stream that the branch joins, `[M, N]`. */
  residual: Tensor;
  /** Layer scale, `[N]`; null where the model has none. */
  gamma: Tensor | null;
  /** Drop path: a factor per sequence, `[S]`, and each token's sequence, u32 `[M]`. */
  rowScale: { sequenceOfToken: Tensor; scale: Tensor } | null;
  /** Return the unscaled branch too; the gradient of `gamma` wants it. */
  keepBranch: boolean;
}

/**
 * The last linear layer of a residual branch:
 * `y = residual + gamma · scale[sequence] · (x · weightᵀ + bias)`.
 *
 * @param x `[M, K]`.
 * @param weight `[N, K]`.
 * @param bias `[N]`, or null for none.
 * @returns `y` `[M, N]`, and `branch = x · weightᵀ + bias` `[M, N]` if it is to be kept.
 * @throws {ShapeError} If a tensor does not fit.
 */
export function linearResidual(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { residual, gamma, rowScale, keepBranch, ...options }: ResidualJoin,
): { y: Tensor; branch: Tensor | null } {
  const op = "linearResidual";
  const product = forwardProduct(op, x, weight, bias, options);
  const shape = [product.rows, product.cols];
  expectShape(op, "residual", residual, shape);
  if (gamma) expectShape(op, "gamma", gamma, [product.cols]);
  if (rowScale) {
    expectShape(op, "sequenceOfToken", rowScale.sequenceOfToken, [product.rows]);
    expectShape(op, "scale", rowScale.scale, ["S"]);
  }
  const name = options.label ?? "linear_residual";
  if (keepBranch && rowScale) {
    // All of it in one kernel would take nine bindings; WebGPU grants eight.
    const branch = linear(gpu, x, weight, bias, { ...options, label: `${name}.branch` });
    return { y: joinResidual(gpu, residual, gamma, rowScale, branch, `${name}.y`), branch };
  }
  const y = gpu.empty(shape, `${name}.y`);
  const branch = keepBranch ? gpu.empty(shape, `${name}.branch`) : null;
  const scales = [rowScale?.sequenceOfToken ?? x, rowScale?.scale ?? x];
  dispatchMatmul(gpu, {
    ...product,
    entryPoint: branch ? "bias_residual_keep" : "bias_residual",
    has: { ...product.has, gamma: gamma !== null, scale: rowScale !== null },
    inputs: [bias ?? weight, residual, gamma ?? weight, ...(branch ? [] : scales)],
    outputs: branch ? [branch, y] : [y],
  });
  return { y, branch };
}

const WORKGROUP_SIZE = 256;

function joinResidual(
  gpu: Recorder,
  residual: Tensor,
  gamma: Tensor | null,
  { sequenceOfToken, scale }: { sequenceOfToken: Tensor; scale: Tensor },
  branch: Tensor,
  label: string,
): Tensor {
  const [rows, dim] = branch.shape;
  const y = gpu.empty([rows, dim], label);
  if (rows * dim === 0) return y;
  gpu.run({
    label: `residual.join ${label}`,
    source,
    entryPoint: "join",
    constants: { WORKGROUP_SIZE, HAS_GAMMA: gamma ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim]),
    inputs: [residual, gamma ?? branch, sequenceOfToken, scale, branch],
    outputs: [y],
    workgroups: Math.ceil(rows * dim / WORKGROUP_SIZE),
  });
  return y;
}
