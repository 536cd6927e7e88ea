import { matmulReference } from "./matmul.ts";

/** Sizes of a linear layer: `x [rows, inputs]`, `weight [outputs, inputs]`. */
export interface LinearSizes {
  rows: number;
  inputs: number;
  outputs: number;
}

/** `x · weightᵀ + bias`, `[rows, outputs]`. */
export function linearReference(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  { rows, inputs, outputs }: LinearSizes,
): Float64Array {
  const product = { rows, cols: outputs, depth: inputs, transposeB: true };
  return matmulReference(x, weight, product).map((v, i) => v + (bias ? bias[i % outputs] : 0));
}

/**
 * `residual + gamma · factor · branch` in the rows of the stream that the branch has.
 *
 * @param subset The stream's row and the factor of each row of the branch; null: all, unscaled.
 */
export function residualReference(
  residual: ArrayLike<number>,
  gamma: ArrayLike<number> | null,
  subset: { tokens: readonly number[]; factors: readonly number[] } | null,
  branch: Float64Array,
  cols: number,
): Float64Array {
  const y = Float64Array.from(residual);
  branch.forEach((value, i) => {
    const [row, col] = [Math.floor(i / cols), i % cols];
    const token = subset ? subset.tokens[row] : row;
    const factor = (gamma ? gamma[col] : 1) * (subset ? subset.factors[row] : 1);
    y[token * cols + col] += factor * value;
  });
  return y;
}

/** Φ(x): how much of a standard normal distribution lies below x. */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (size < 4) {
    // Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/(3·5) + ...)
    let term = x, sum = x;
    for (let n = 3; Math.abs(term) > 1e-18; n += 2) {
      term *= x * x / n;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  // Φ(-x) = φ(x) / (x + 1/(x + 2/(x + 3/(x + ...)))), Laplace's continued fraction.
  let fraction = size;
  for (let n = 60; n > 0; n--) fraction = size + n / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

/** GELU in its exact form. */
export function geluReference(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (v) => v * normalCdf(v));
}
