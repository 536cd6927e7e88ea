import source from "../../kernels/top_k.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { MAX_STRIDES } from "./lanes.ts";

/** Most numbers of a row that {@linkcode topK} can keep. */
export const MAX_TOP_K = 256;

/** The greatest numbers of each row, the greatest first; of equal ones the first column first. */
export interface TopK {
  /** f32 `[rows, k]`; 0 in places beyond the columns there are. */
  values: Tensor;
  /** u32 `[rows, k]`: their columns; 0xffffffff in places beyond the columns there are. */
  indices: Tensor;
}

/**
 * The `k` greatest numbers of each row of `x`.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const x = gpu.upload([1, 4], Float32Array.of(1, 5, 2, 5), "x");
 * const { values, indices } = topK(gpu, x, 2);
 * console.log(await gpu.download(values)); // Float32Array(2) [ 5, 5 ]
 * console.log(new Uint32Array(await gpu.downloadBytes(indices))); // Uint32Array(2) [ 1, 3 ]
 * ```
 *
 * @param x Finite numbers, `[rows, cols]`.
 * @param k From 1 to {@linkcode MAX_TOP_K}.
 * @throws {ShapeError} If `k` is none of these, or a row is longer than 65,535 strides of the lanes.
 */
export function topK(gpu: Recorder, x: Tensor, k: number): TopK {
  const [rows] = expectShape("topK", "x", x, ["rows", "cols"]);
  if (!(Number.isInteger(k) && k >= 1 && k <= MAX_TOP_K)) {
    throw new ShapeError(`Cannot run topK: k must be from 1 to ${MAX_TOP_K}, got ${k}`);
  }
  const best = {
    values: gpu.empty([rows, k], "top_k.values", "f32"),
    indices: gpu.empty([rows, k], "top_k.indices", "u32"),
  };
  dispatchTopK(gpu, x, best, 0);
  return best;
}

/**
 * Takes further columns into the lists of {@linkcode topK}: afterwards they are those of all.
 *
 * @param x The next columns of the same rows, `[rows, cols]`.
 * @param best Overwritten.
 * @param seen How many columns there were before these; if none, what the lists hold is not looked at.
 * @throws {ShapeError} If the lists do not fit `x`, or a row is longer than 65,535 strides of the lanes.
 */
export function mergeTopK(gpu: Recorder, x: Tensor, best: TopK, seen: number): void {
  const [rows] = expectShape("mergeTopK", "x", x, ["rows", "cols"]);
  const [, k] = expectShape("mergeTopK", "values", best.values, [rows, "k"]);
  expectShape("mergeTopK", "indices", best.indices, [rows, k]);
  dispatchTopK(gpu, x, best, seen);
}

function dispatchTopK(gpu: Recorder, x: Tensor, best: TopK, seen: number): void {
  const [rows, cols] = x.shape;
  const k = best.values.shape[1];
  // Lanes per row: in software as many as run in lockstep, as more would pay for barriers.
  const WORKGROUP_SIZE = gpu.adapter.kernels === "cpu" ? 8 : 256;
  const most = MAX_STRIDES * WORKGROUP_SIZE;
  if (cols > most) {
    throw new ShapeError(
      `Cannot run topK: a row of x must have at most ${most} columns, got ${cols}; take it in parts`,
    );
  }
  if (rows === 0) return;
  gpu.run({
    label: "top_k.forward",
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", cols], ["u32", k], ["u32", seen]),
    inputs: [x],
    outputs: [best.values, best.indices],
    workgroups: rows,
  });
}
