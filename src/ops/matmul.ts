import { ShapeError } from "../gpu/errors.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import {
  dispatchMatmul,
  type MatmulDispatch,
  matmulKey,
  type MatmulOptions,
  matmulVariant,
  MAX_DEPTH,
} from "./matmul_dispatch.ts";
import { dispatchSplitMatmul, splitTiles } from "./matmul_split.ts";
import { type MatmulTile, tilesFor } from "./matmul_tile.ts";

export type { MatmulOptions, MatmulVariant } from "./matmul_dispatch.ts";

/** Which operands are transposed, and where the product goes: a fresh tensor by default. */
export interface MatmulTarget extends MatmulOptions {
  /** `a` is `[K, M]` instead of `[M, K]`. */
  transposeA?: boolean;
  /** `b` is `[N, K]` instead of `[K, N]`. */
  transposeB?: boolean;
  /** Add the product to this tensor, `[M, N]`, such as a gradient. */
  add?: Tensor;
  /** Overwrite this tensor, `[M, N]`. */
  into?: Tensor;
}

/**
 * The matrix product of `a` `[M, K]` and `b` `[K, N]`, either of which may be stored transposed.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const a = gpu.upload([1, 2], Float32Array.of(1, 2), "a");
 * const b = gpu.upload([2, 2], Float32Array.of(3, 4, 5, 6), "b");
 * console.log(await gpu.download(matmul(gpu, a, b))); // Float32Array(2) [ 13, 16 ]
 * ```
 *
 * @returns The product, `[M, N]`: `add` or `into` where one is given.
 * @throws {ShapeError} If the inner dimensions differ, or the target does not fit.
 */
export function matmul(gpu: Recorder, a: Tensor, b: Tensor, options: MatmulTarget = {}): Tensor {
  const { transposeA = false, transposeB = false, add, into, label } = options;
  if (add && into) {
    throw new ShapeError("Cannot run matmul: the target must be add or into, got both");
  }
  const sizesOfA = expectShape("matmul", "a", a, transposeA ? ["K", "M"] : ["M", "K"]);
  const [rows, depth] = transposeA ? sizesOfA.reverse() : sizesOfA;
  const sizesOfB = expectShape("matmul", "b", b, transposeB ? ["N", depth] : [depth, "N"]);
  const cols = transposeB ? sizesOfB[0] : sizesOfB[1];
  if (add) expectShape("matmul", "add", add, [rows, cols]);
  if (into) expectShape("matmul", "into", into, [rows, cols]);

  const y = add ?? into ?? gpu.empty([rows, cols], label ?? "matmul.y", a.dtype);
  if (add && depth === 0) return y;
  const variant = options.variant ?? matmulVariant(gpu.adapter);
  const entryPoint = add ? "add" as const : "store" as const;
  const product = { a, b, rows, cols, depth, transposeA, transposeB, label, entryPoint, variant };
  // A sum of several dispatches is kept in f32 until it is whole.
  const isRounded = !add && y.dtype !== "f32" && depth > MAX_DEPTH;
  const sum = (gpu: Recorder, tile: MatmulTile, longest: number) => {
    const isCut = longest < depth || isRounded;
    const splitDepth = Math.min(longest, MAX_DEPTH);
    if (isCut) dispatchSplitMatmul(gpu, { ...product, y, tile, splitDepth });
    else sumInParts(gpu, { ...product, outputs: [y], tile });
  };
  if (variant === "subgroup") {
    if (isRounded) sum(gpu, tilesFor(gpu.adapter)[0], depth);
    else sumInParts(gpu, { ...product, outputs: [y] });
    return y;
  }
  gpu.choose({
    key: matmulKey(product),
    variants: splitTiles(gpu.adapter, product),
    record: (gpu, { tile, splitDepth }) => sum(gpu, tile, splitDepth),
  });
  return y;
}

/** One dispatch after another for a sum that is too long for one. */
function sumInParts(gpu: Recorder, product: MatmulDispatch): void {
  const { depth, tile, transposeA, outputs: [y] } = product;
  const step = !tile && transposeA && y.dtype === "f32" ? cachedDepth(depth) : MAX_DEPTH;
  for (let begin = 0; begin === 0 || begin < depth; begin += step) {
    dispatchMatmul(gpu, {
      ...product,
      entryPoint: begin > 0 ? "add" : product.entryPoint,
      range: { begin, end: Math.min(begin + step, depth) },
    });
  }
}

/**
 * Steps of k whose rows of both operands stay in a CPU's cache while all tiles are summed over them.
 * Weight gradients, long sums over tokens, take 0.6 to 0.7 of the time of one sum over all.
 */
function cachedDepth(depth: number): number {
  const parts = Math.max(1, Math.round(depth / 640));
  return Math.ceil(depth / parts / 8) * 8;
}
