import source from "../../kernels/gather_rows.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, expectShape, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/** Stands in `indices` for "no row". */
export const NO_ROW = 0xffffffff;

/**
 * Picks rows of a matrix, such as class tokens or masked patches out of the packed tokens.
 *
 * @param x Tokens, `[numTokens, dim]`.
 * @param indices Rows of `x`, `[rows]` u32; {@linkcode NO_ROW} gives a row of zeros.
 * @param into Where they go, `[rows, dim]`; a fresh tensor where this is left out.
 * @returns `[rows, dim]`.
 * @throws {ShapeError} If `x` is not a matrix, `indices` not a list, or `into` does not fit them.
 */
export function gatherRows(gpu: Recorder, x: Tensor, indices: Tensor, into?: Tensor): Tensor {
  const [numTokens, dim] = expectShape("gatherRows", "x", x, ["numTokens", "dim"]);
  const [rows] = expectShape("gatherRows", "indices", indices, ["rows"]);
  if (into) expectShape("gatherRows", "into", into, [rows, dim]);
  const y = into ?? gpu.empty([rows, dim], "gather_rows.y");
  if (rows === 0) return y;
  gpu.run({
    label: "gather_rows.forward",
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", dim], ["u32", numTokens]),
    inputs: [x, indices],
    outputs: [y],
    workgroups: Math.ceil(rows * dim / WORKGROUP_SIZE),
    bytes: 2 * byteLength(y.shape, y.dtype),
  });
  return y;
}

/**
 * Adds rows into a matrix: the gradient of {@linkcode gatherRows}.
 *
 * @param dRows `[rows, dim]`.
 * @param indices Rows of `into`, `[rows]` u32, each at most once; {@linkcode NO_ROW} is skipped.
 * @param into `[numTokens, dim]`, added to.
 * @throws {ShapeError} If a shape does not fit `dRows`.
 */
export function scatterAddRows(
  gpu: Recorder,
  dRows: Tensor,
  indices: Tensor,
  into: Tensor,
): void {
  const [rows, dim] = expectShape("scatterAddRows", "dRows", dRows, ["rows", "dim"]);
  expectShape("scatterAddRows", "indices", indices, [rows]);
  const [numTokens] = expectShape("scatterAddRows", "into", into, ["numTokens", dim]);
  if (rows === 0) return;
  gpu.run({
    label: "gather_rows.backward_input",
    source,
    entryPoint: "backward_input",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", dim], ["u32", numTokens]),
    inputs: [dRows, indices],
    outputs: [into],
    workgroups: Math.ceil(rows * dim / WORKGROUP_SIZE),
    bytes: 3 * byteLength(dRows.shape, dRows.dtype),
  });
}
