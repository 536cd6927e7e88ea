import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { columnSum } from "./column_sum.ts";
import { matmul } from "./matmul.ts";
import { dispatchMatmul, type MatmulDispatch, type MatmulOptions } from "./matmul_dispatch.ts";

/**
 * A linear layer: `x · weightᵀ + bias`.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const x = gpu.upload([1, 2], Float32Array.of(1, 2), "x");
 * const weight = gpu.upload([3, 2], Float32Array.of(1, 0, 0, 1, 1, 1), "weight");
 * console.log(await gpu.download(linear(gpu, x, weight, null))); // Float32Array(3) [ 1, 2, 3 ]
 * ```
 *
 * @param x `[M, K]`.
 * @param weight `[N, K]`.
 * @param bias `[N]`, or null for none.
 * @returns `[M, N]`.
 * @throws {ShapeError} If `weight` or `bias` does not fit.
 */
export function linear(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: MatmulOptions = {},
): Tensor {
  const product = forwardProduct("linear", x, weight, bias, options);
  const y = gpu.empty([product.rows, product.cols], options.label ?? "linear.y");
  dispatchMatmul(gpu, {
    ...product,
    entryPoint: "bias",
    inputs: [bias ?? weight],
    outputs: [y],
  });
  return y;
}

/** What {@linkcode linearGelu} returns. */
export interface Activated {
  /** What went into the GELU, `[M, N]`: {@linkcode linearBackwardInput} wants it. */
  pre: Tensor;
  /** `gelu(pre)`, `[M, N]`. */
  y: Tensor;
}

/**
 * A linear layer followed by GELU in its exact, error-function form.
 *
 * @param x `[M, K]`.
 * @param weight `[N, K]`.
 * @param bias `[N]`, or null for none.
 * @param options `keepPre`: false where no way back will want `pre`.
 * @throws {ShapeError} If `weight` or `bias` does not fit.
 */
export function linearGelu(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options?: MatmulOptions & { keepPre?: true },
): Activated;
export function linearGelu(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: MatmulOptions & { keepPre: boolean },
): { pre: Tensor | null; y: Tensor };
export function linearGelu(
  gpu: Recorder,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { keepPre = true, ...options }: MatmulOptions & { keepPre?: boolean } = {},
): { pre: Tensor | null; y: Tensor } {
  const product = forwardProduct("linearGelu", x, weight, bias, options);
  const name = options.label ?? "linear_gelu";
  const shape = [product.rows, product.cols];
  const pre = keepPre ? gpu.empty(shape, `${name}.pre`) : null;
  const y = gpu.empty(shape, `${name}.y`);
  dispatchMatmul(gpu, {
    ...product,
    entryPoint: pre ? "bias_gelu_keep" : "bias_gelu",
    inputs: [bias ?? weight],
    outputs: pre ? [pre, y] : [y],
  });
  return { pre, y };
}

/**
 * Gradient of a linear layer's input: `dy · weight`, through GELU where the input was its output.
 *
 * @param dy `[M, N]`.
 * @param weight `[N, K]`.
 * @param options `pre` `[M, K]`: what went into the GELU whose output was the layer's input.
 * @returns `[M, K]`: the gradient of `pre` where it is given, else of the input.
 * @throws {ShapeError} If `weight` or `pre` does not fit.
 */
export function linearBackwardInput(
  gpu: Recorder,
  dy: Tensor,
  weight: Tensor,
  { pre, ...options }: MatmulOptions & { pre?: Tensor } = {},
): Tensor {
  const op = "linearBackwardInput";
  const [rows, depth] = expectShape(op, "dy", dy, ["M", "N"]);
  const [, cols] = expectShape(op, "weight", weight, [depth, "K"]);
  if (pre) expectShape(op, "pre", pre, [rows, cols]);
  const dx = gpu.empty([rows, cols], `${options.label ?? "linear"}.dx`);
  if (!pre) return matmul(gpu, dy, weight, { ...options, into: dx });
  dispatchMatmul(gpu, {
    ...options,
    entryPoint: "gelu_backward",
    a: dy,
    b: weight,
    rows,
    cols,
    depth,
    inputs: [pre],
    outputs: [dx],
  });
  return dx;
}

/**
 * Adds a linear layer's gradients: `dyᵀ · x` to `weight`, the column sums of `dy` to `bias`.
 *
 * @param dy `[M, N]`.
 * @param x `[M, K]`.
 * @param gradients `weight` `[N, K]` and `bias` `[N]`, or null for none.
 * @throws {ShapeError} If `x` or a gradient does not fit.
 */
export function linearBackwardParams(
  gpu: Recorder,
  dy: Tensor,
  x: Tensor,
  gradients: { weight: Tensor; bias: Tensor | null },
  options: MatmulOptions = {},
): void {
  const op = "linearBackwardParams";
  const [rows, cols] = expectShape(op, "dy", dy, ["M", "N"]);
  const [, depth] = expectShape(op, "x", x, [rows, "K"]);
  expectShape(op, "weight gradient", gradients.weight, [cols, depth]);
  if (gradients.bias) expectShape(op, "bias gradient", gradients.bias, [cols]);
  matmul(gpu, dy, x, { ...options, transposeA: true, add: gradients.weight });
  if (gradients.bias) columnSum(gpu, dy, gradients.bias);
}

/** Checks the shapes of `x · weightᵀ + bias`; what is left to say is what becomes of it. */
export function forwardProduct(
  op: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: MatmulOptions,
): Omit<MatmulDispatch, "entryPoint" | "inputs" | "outputs"> {
  const [rows, depth] = expectShape(op, "x", x, ["M", "K"]);
  const [cols] = expectShape(op, "weight", weight, ["N", depth]);
  if (bias) expectShape(op, "bias", bias, [cols]);
  const has = { bias: bias !== null };
  return { ...options, a: x, b: weight, rows, cols, depth, transposeB: true, has };
}
