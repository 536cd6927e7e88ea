import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { addPartials } from "./add_partials.ts";
import { layerNormWaysBack, recordLayerNormBackward } from "./layer_norm_backward.ts";
import { layerNormLayouts } from "./layer_norm_layout.ts";
import { bytesOfRows, expectSubset, type RowSubset } from "./row_subset.ts";

/** Options of {@linkcode layerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. */
  eps?: number;
  /** Whose norm it is. */
  label?: string;
  /** The rows that are normalized; all of them where this is left out. */
  subset?: RowSubset;
}

/** Options of {@linkcode layerNormBackward}. */
export interface LayerNormJoin {
  /** The other way into a residual join: a gradient of the shape of `x`. */
  add?: Tensor;
  /** Whose norm it is. */
  label?: string;
  /** The rows that were normalized: dx adds into these of `add` itself. */
  subset?: RowSubset;
}

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
 * @param options `subset`: normalize these rows only, and put them close together.
 * @returns `y` `[rows, dim]`, and `stats` `[rows, 2]` for {@linkcode layerNormBackward}; of the
 * subset's rows where there is one.
 * @throws {ShapeError} If `gamma`, `beta` or the subset does not fit `x`.
 */
export function layerNorm(
  gpu: Recorder,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { eps = 1e-6, label = "layer_norm", subset }: LayerNormOptions = {},
): { y: Tensor; stats: Tensor } {
  const [tokens, dim] = expectShape("layerNorm", "x", x, ["rows", "dim"]);
  expectShape("layerNorm", "gamma", gamma, [dim]);
  expectShape("layerNorm", "beta", beta, [dim]);
  if (subset) expectSubset("layerNorm", subset, tokens);

  const rows = subset?.count ?? tokens;
  const y = gpu.empty([rows, dim], `${label}.y`);
  const stats = gpu.empty([rows, 2], `${label}.stats`, "f32");
  if (rows === 0) return { y, stats };
  gpu.choose({
    key: `layer_norm.forward ${x.dtype} ${rows}x${dim}`,
    variants: layerNormLayouts(gpu.adapter, dim),
    record: (gpu, { kernel, source, constants, rowsAtOnce }) =>
      gpu.run({
        label: labelOf(`${kernel}.forward`, label),
        source,
        entryPoint: "forward",
        constants: { ...constants, HAS_SUBSET: subset ? 1 : 0 },
        params: packParams(["u32", rows], ["u32", dim], ["u32", 1], ["f32", eps]),
        inputs: [x, gamma, beta, subset?.table ?? x],
        outputs: [y, stats],
        workgroups: Math.ceil(rows / rowsAtOnce),
        bytes: subset && bytesOfRows(subset, rows, [x, gamma, beta, subset.table, y, stats]),
      }),
  });
  return { y, stats };
}

/**
 * Gradients of {@linkcode layerNorm}: returns dx and adds to the gradients of its parameters.
 *
 * @param dy `[rows, dim]`.
 * @param x What the forward pass was given, `[rows, dim]`; `[T, dim]` where it took a subset.
 * @param stats What it returned, `[rows, 2]`.
 * @param grads Gradients of `gamma` and `beta`, `[dim]`: added to.
 * @returns dx of the shape of `x`, plus `add` where that is given: `add` itself with a subset.
 * @throws {ShapeError} If a tensor does not fit `x`, or there is a subset and nothing to add to.
 */
export function layerNormBackward(
  gpu: Recorder,
  dy: Tensor,
  x: Tensor,
  gamma: Tensor,
  stats: Tensor,
  grads: { gamma: Tensor; beta: Tensor },
  { add, subset, label = "layer_norm" }: LayerNormJoin = {},
): Tensor {
  const op = "layerNormBackward";
  const [tokens, dim] = expectShape(op, "x", x, ["rows", "dim"]);
  const rows = subset?.count ?? tokens;
  expectShape(op, "dy", dy, [rows, dim]);
  expectShape(op, "gamma", gamma, [dim]);
  expectShape(op, "stats", stats, [rows, 2]);
  expectShape(op, "gradient of gamma", grads.gamma, [dim]);
  expectShape(op, "gradient of beta", grads.beta, [dim]);
  if (add) expectShape(op, "add", add, [tokens, dim]);
  if (subset) expectSubset(op, subset, tokens);
  if (subset && !add) {
    throw new ShapeError(`Cannot run ${op}: add must be given with a subset, which adds into it`);
  }

  const dx = subset && add ? add : gpu.empty([rows, dim], `${label}.dx`);
  if (rows === 0) return dx;
  const tensors = { dy, x, gamma, stats, add: subset ? undefined : add, subset, dx };
  const labelled = (kernel: string) => labelOf(kernel, label);
  gpu.choose({
    key: `layer_norm.backward ${x.dtype} ${rows}x${dim}`,
    variants: layerNormWaysBack(gpu.adapter, dim),
    record(gpu, way) {
      const partial = recordLayerNormBackward(gpu, tensors, way, labelled);
      addPartials(gpu, partial, [grads.gamma, grads.beta]);
    },
  });
  return dx;
}

function labelOf(kernel: string, label: string): string {
  return label === "layer_norm" ? kernel : `${kernel} ${label}`;
}
