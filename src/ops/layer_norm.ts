import source from "../../kernels/layer_norm.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowSplits } from "./row_splits.ts";

/** Lanes of a column sum: narrow, so that a small width still makes several workgroups. */
const COLUMN_LANES = 64;

/**
 * Normalizes each row of `x` to mean 0 and variance 1, then applies `gamma` and `beta`.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const tokens = gpu.upload([2, 4], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), "tokens");
 * const gamma = gpu.upload([4], new Float32Array(4).fill(1), "gamma");
 * const beta = gpu.upload([4], new Float32Array(4), "beta");
 * const { y } = layerNorm(gpu, tokens, gamma, beta);
 * ```
 *
 * @param x Tokens, `[rows, dim]`.
 * @param gamma Scale, `[dim]`.
 * @param beta Shift, `[dim]`.
 * @param options `eps` is added to the variance; `label` says whose norm it is.
 * @returns `y` `[rows, dim]`, and `stats` `[rows, 2]` for {@linkcode layerNormBackward}.
 * @throws {ShapeError} If `gamma` or `beta` does not fit `x`.
 */
export function layerNorm(
  gpu: Recorder,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { eps = 1e-6, label = "layer_norm" }: { eps?: number; label?: string } = {},
): { y: Tensor; stats: Tensor } {
  const [rows, dim] = expectShape("layerNorm", "x", x, ["rows", "dim"]);
  expectShape("layerNorm", "gamma", gamma, [dim]);
  expectShape("layerNorm", "beta", beta, [dim]);

  const y = gpu.empty([rows, dim], `${label}.y`);
  const stats = gpu.empty([rows, 2], `${label}.stats`, "f32");
  if (rows === 0) return { y, stats };
  gpu.run({
    label: labelOf("layer_norm.forward", label),
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE: lanesPerRow(gpu, dim) },
    params: packParams(["u32", rows], ["u32", dim], ["u32", 1], ["f32", eps]),
    inputs: [x, gamma, beta],
    outputs: [y, stats],
    workgroups: rows,
  });
  return { y, stats };
}

/**
 * Gradients of {@linkcode layerNorm}: returns dx and adds to the gradients of its parameters.
 *
 * @param dy `[rows, dim]`.
 * @param x What the forward pass was given, `[rows, dim]`.
 * @param stats What it returned, `[rows, 2]`.
 * @param grads Gradients of `gamma` and `beta`, `[dim]`: added to.
 * @param options `add` `[rows, dim]` is added to dx: the other way into a residual join.
 * @returns dx, `[rows, dim]`.
 * @throws {ShapeError} If a tensor does not fit `x`.
 */
export function layerNormBackward(
  gpu: Recorder,
  dy: Tensor,
  x: Tensor,
  gamma: Tensor,
  stats: Tensor,
  grads: { gamma: Tensor; beta: Tensor },
  { add, label = "layer_norm" }: { add?: Tensor; label?: string } = {},
): Tensor {
  const op = "layerNormBackward";
  const [rows, dim] = expectShape(op, "x", x, ["rows", "dim"]);
  expectShape(op, "dy", dy, [rows, dim]);
  expectShape(op, "gamma", gamma, [dim]);
  expectShape(op, "stats", stats, [rows, 2]);
  expectShape(op, "gradient of gamma", grads.gamma, [dim]);
  expectShape(op, "gradient of beta", grads.beta, [dim]);
  if (add) expectShape(op, "add", add, [rows, dim]);

  const dx = gpu.empty([rows, dim], `${label}.dx`);
  if (rows === 0) return dx;
  gpu.run({
    label: labelOf("layer_norm.backward_input", label),
    source,
    entryPoint: "backward_input",
    constants: { WORKGROUP_SIZE: lanesPerRow(gpu, dim), HAS_ADD: add ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim], ["u32", 1], ["f32", 0]),
    inputs: [x, dy, stats, gamma, add ?? dy],
    outputs: [dx],
    workgroups: rows,
  });
  addParamGradients(gpu, dy, x, stats, grads, label);
  return dx;
}

function addParamGradients(
  gpu: Recorder,
  dy: Tensor,
  x: Tensor,
  stats: Tensor,
  grads: { gamma: Tensor; beta: Tensor },
  label: string,
): void {
  const [rows, dim] = x.shape;
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, 2, dim], `${label}.partial`, "f32");
  const blocks = Math.ceil(dim / COLUMN_LANES);
  const constants = { WORKGROUP_SIZE: COLUMN_LANES };
  const params = packParams(["u32", rows], ["u32", dim], ["u32", splits], ["f32", 0]);
  gpu.run({
    label: labelOf("layer_norm.partial_sums", label),
    source,
    entryPoint: "partial_sums",
    constants,
    params,
    inputs: [x, dy, stats],
    outputs: [partial],
    workgroups: [blocks, splits],
  });
  gpu.run({
    label: labelOf("layer_norm.add_partials", label),
    source,
    entryPoint: "add_partials",
    constants,
    params,
    inputs: [partial],
    outputs: [grads.gamma, grads.beta],
    workgroups: [blocks, 1],
  });
}

/** Lanes that share a row: barriers are dear on software adapters, idle lanes everywhere. */
function lanesPerRow(gpu: Recorder, dim: number): number {
  if (gpu.adapter.kernels === "cpu") return gpu.adapter.subgroupSize || 8;
  return dim <= 64 ? 64 : dim <= 512 ? 128 : 256;
}

function labelOf(kernel: string, label: string): string {
  return label === "layer_norm" ? kernel : `${kernel} ${label}`;
}
