import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { forwardProduct } from "./linear.ts";
import { dispatchMatmul, type MatmulOptions } from "./matmul_dispatch.ts";
import { bytesOfRows, expectSubset, passDropped, type RowSubset } from "./row_subset.ts";

/** What a residual branch is scaled by, and where it joins. */
export interface ResidualJoin extends MatmulOptions {
  /** The stream that the branch joins, `[T, N]`. */
  residual: Tensor;
  /** Layer scale, `[N]`; null where the model has none. */
  gamma: Tensor | null;
  /** Drop path: the rows of the stream that the branch has; null where it has all of them. */
  subset: RowSubset | null;
  /** Return the unscaled branch too; the gradient of `gamma` wants it. */
  keepBranch: boolean;
}

/**
 * The last linear layer of a residual branch: `y = residual + gamma · factor · (x · weightᵀ + bias)`
 * in the rows that the branch has; the others of `y` are those of the residual.
 *
 * @param x `[M, K]`: a row for each of the subset, or of the stream.
 * @param weight `[N, K]`.
 * @param bias `[N]`, or null for none.
 * @returns `y` `[T, N]`, and `branch = x · weightᵀ + bias` `[M, N]` if it is to be kept.
 * @throws {ShapeError} If a tensor does not fit.
 */
export function linearResidual(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { residual, gamma, subset, keepBranch, ...options }: ResidualJoin,
): { y: Tensor; branch: Tensor | null } {
  const op = "linearResidual";
  const product = forwardProduct(op, x, weight, bias, options);
  const { rows, cols } = product;
  const [tokens] = expectShape(op, "residual", residual, [subset ? "T" : rows, cols]);
  if (gamma) expectShape(op, "gamma", gamma, [cols]);
  if (subset) {
    expectShape(op, "x", x, [subset.count, product.depth]);
    expectSubset(op, subset, tokens);
  }
  const name = options.label ?? "linear_residual";
  const y = gpu.empty([tokens, cols], `${name}.y`);
  const branch = keepBranch ? gpu.empty([rows, cols], `${name}.branch`) : null;
  if (subset) passDropped(gpu, subset, residual, y);
  const inputs = [bias ?? weight, residual, gamma ?? weight, subset?.table ?? weight];
  const outputs = branch ? [branch, y] : [y];
  dispatchMatmul(gpu, {
    ...product,
    entryPoint: branch ? "bias_residual_keep" : "bias_residual",
    has: { ...product.has, gamma: gamma !== null, subset: subset !== null },
    inputs,
    outputs,
    bytes: subset ? bytesOfRows(subset, rows, [x, weight, ...inputs, ...outputs]) : undefined,
  });
  return { y, branch };
}
