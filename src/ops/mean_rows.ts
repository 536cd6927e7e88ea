import source from "../../kernels/mean_rows.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowCount } from "./row_count.ts";

/** 32 neighbouring columns are one cache line; 8 lanes share the rows of each. */
const [COLS, SLICES] = [32, 8];

/**
 * The mean of the first rows of `x`.
 *
 * @param x Features, `[rows, dim]`.
 * @param count `[1]` u32: how many rows, from the first; null: all.
 * @returns A fresh `[1, dim]`; zeros if no row takes part.
 * @throws {ShapeError} If `x` is not a matrix or `count` is not one number.
 */
export function meanRows(gpu: Recorder, x: Tensor, count: Tensor | null): Tensor {
  const [rows, dim] = expectShape("meanRows", "x", x, ["rows", "dim"]);
  if (count) expectShape("meanRows", "count", count, [1]);
  const y = gpu.empty([1, dim], "mean_rows.y");
  gpu.run({
    label: "mean_rows.forward",
    source,
    entryPoint: "forward",
    constants: { COLS, SLICES, WORKGROUP_SIZE: COLS * SLICES },
    params: packParams(["u32", rows], ["u32", dim]),
    inputs: [x, rowCount(gpu, count)],
    outputs: [y],
    workgroups: Math.ceil(dim / COLS),
  });
  return y;
}
