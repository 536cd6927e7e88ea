import kernel from "../../kernels/sinkhorn_knopp.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";
import { rowCount } from "./row_count.ts";

const source = linkKernel(kernel);

/** Lanes of a workgroup that has one per prototype. */
const WORKGROUP_SIZE = 256;
/** 32 neighbouring prototypes are one cache line; 8 lanes share the rows of each. */
const [COLS, SLICES] = [32, 8];

/**
 * Starts an iteration: forgets all rows.
 *
 * One iteration is `sinkhornReset`, `sinkhornAccumulate` for each row chunk, `sinkhornFinish`; the
 * other half of it, the sum over prototypes, is `softmaxStats` with the resulting center.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { softmaxStats } from "./softmax_stats.ts";
 *
 * using gpu = await Gpu.open();
 * const logits = gpu.upload([2, 2], Float32Array.of(1, 2, 3, 5), "logits");
 * const temp = gpu.upload([1], Float32Array.of(0.05), "temp");
 * const [state, center] = [gpu.empty([2, 2], "state"), gpu.empty([2], "center")];
 * let rowLse = null;
 * for (let iteration = 0; iteration < 3; iteration++) {
 *   sinkhornReset(gpu, state);
 *   sinkhornAccumulate(gpu, logits, rowLse, temp, state, { count: null, rowOffset: 0 });
 *   sinkhornFinish(gpu, state, temp, center);
 *   rowLse = softmaxStats(gpu, logits, center, temp).lse;
 * }
 * // The targets are exp((logits - center) / temp - rowLse).
 * ```
 *
 * @param state Running (max, sum) of each prototype, `[numPrototypes, 2]`, overwritten.
 * @throws {ShapeError} If `state` has not two columns.
 */
export function sinkhornReset(gpu: Recorder, state: Tensor): void {
  const [numPrototypes] = expectShape("sinkhornReset", "state", state, ["numPrototypes", 2]);
  gpu.run({
    label: "sinkhorn_knopp.reset",
    source,
    entryPoint: "reset",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", 0], ["u32", numPrototypes], ["u32", 0]),
    inputs: [],
    outputs: [state],
    workgroups: Math.ceil(numPrototypes / WORKGROUP_SIZE),
  });
}

/**
 * Adds a chunk of rows to the log-sum-exp of each prototype.
 *
 * @param logits Teacher logits of the chunk, `[rows, numPrototypes]`.
 * @param rowLse Log-sum-exp of each row in the last iteration, `[rows]`; null in the first.
 * @param temp Teacher temperature of this step, `[1]`.
 * @param state `[numPrototypes, 2]`, updated.
 * @param options `count` `[1]` u32: how many rows of all chunks together take part (null: all);
 * `rowOffset`: how many rows came before this chunk.
 * @throws {ShapeError} If a shape does not fit `logits`.
 */
export function sinkhornAccumulate(
  gpu: Recorder,
  logits: Tensor,
  rowLse: Tensor | null,
  temp: Tensor,
  state: Tensor,
  { count, rowOffset }: { count: Tensor | null; rowOffset: number },
): void {
  const op = "sinkhornAccumulate";
  const [rows, numPrototypes] = expectShape(op, "logits", logits, ["rows", "numPrototypes"]);
  if (rowLse) expectShape(op, "rowLse", rowLse, [rows]);
  expectShape(op, "temp", temp, [1]);
  expectShape(op, "state", state, [numPrototypes, 2]);
  if (count) expectShape(op, "count", count, [1]);
  if (rows === 0) return;
  const subtracted = rowLse ??
    gpu.constant(new Float32Array(rows), [rows], "sinkhorn_knopp.row_lse");
  gpu.run({
    label: "sinkhorn_knopp.accumulate",
    source,
    entryPoint: "accumulate",
    constants: { COLS, SLICES, WORKGROUP_SIZE: COLS * SLICES },
    params: packParams(["u32", rows], ["u32", numPrototypes], ["u32", rowOffset]),
    inputs: [logits, subtracted, temp, rowCount(gpu, count)],
    outputs: [state],
    workgroups: Math.ceil(numPrototypes / COLS),
  });
}

/**
 * Ends an iteration: writes what to subtract from the logits so that all prototypes are used alike.
 *
 * @param state `[numPrototypes, 2]`.
 * @param temp Teacher temperature of this step, `[1]`.
 * @param center `[numPrototypes]`, overwritten; zeros if no row took part.
 * @throws {ShapeError} If a shape does not fit `state`.
 */
export function sinkhornFinish(gpu: Recorder, state: Tensor, temp: Tensor, center: Tensor): void {
  const [numPrototypes] = expectShape("sinkhornFinish", "state", state, ["numPrototypes", 2]);
  expectShape("sinkhornFinish", "temp", temp, [1]);
  expectShape("sinkhornFinish", "center", center, [numPrototypes]);
  gpu.run({
    label: "sinkhorn_knopp.finish",
    source,
    entryPoint: "finish",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", 0], ["u32", numPrototypes], ["u32", 0]),
    inputs: [state, temp],
    outputs: [center],
    workgroups: Math.ceil(numPrototypes / WORKGROUP_SIZE),
  });
}
