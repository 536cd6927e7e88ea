import source from "../../kernels/row_subset.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, expectShape, type Tensor } from "../gpu/tensor.ts";
import type { Sequences } from "./sequences.ts";

const WORKGROUP_SIZE = 256;

/**
 * The rows of a residual stream `[T, dim]` that a branch works on, and what each is scaled by.
 *
 * The branch's own tensors are dense, with a row for each that is kept. The number of these is
 * fixed, which ones they are is not.
 */
export interface RowSubset {
  /** u32 `[T, 2]`: a token and the bits of its factor, the kept tokens before all others. */
  readonly table: Tensor;
  /** How many tokens are kept. */
  readonly count: number;
}

/**
 * Where the rows of each sequence begin in a {@linkcode RowSubset}, and the bits of their factor.
 *
 * @param factors One for each sequence; null where it is not kept.
 * @param lengths Tokens of each sequence.
 * @returns `[S, 2]`: what {@linkcode rowSubset} takes.
 */
export function sequencePlaces(
  factors: readonly (number | null)[],
  lengths: readonly number[],
): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(2 * factors.length);
  const bits = new Float32Array(places.buffer);
  let row = 0;
  for (const kept of [true, false]) {
    factors.forEach((factor, sequence) => {
      if ((factor !== null) !== kept) return;
      places[2 * sequence] = row;
      bits[2 * sequence + 1] = factor ?? 0;
      row += lengths[sequence];
    });
  }
  return places;
}

/**
 * Makes the table of a {@linkcode RowSubset} from where its sequences go.
 *
 * @param sequences Of the whole stream.
 * @param places u32 `[S, 2]`: the row where a sequence's tokens begin, and the bits of the f32
 * factor that they are scaled by. Together the sequences cover the rows 0 to T - 1.
 * @param count How many rows are kept: the first ones.
 * @throws {ShapeError} If there is not one place for each sequence.
 */
export function rowSubset(
  gpu: Recorder,
  { sequenceOfToken, offsetsTensor, lengths, totalTokens }: Sequences,
  places: Tensor,
  count: number,
): RowSubset {
  expectShape("rowSubset", "places", places, [lengths.length, 2]);
  const table = gpu.empty([totalTokens, 2], "row_subset.table", "u32");
  if (totalTokens === 0) return { table, count };
  gpu.run({
    label: "row_subset.expand",
    source,
    entryPoint: "expand",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", totalTokens], ["u32", count], ["u32", 1]),
    inputs: [sequenceOfToken, offsetsTensor, places],
    outputs: [table],
    workgroups: Math.ceil(totalTokens / WORKGROUP_SIZE),
  });
  return { table, count };
}

/**
 * Copies the rows that are not kept: past a branch they are what they were before.
 *
 * @param residual `[T, dim]`.
 * @param y `[T, dim]`: written in those rows only.
 * @throws {ShapeError} If the table or `y` does not fit `residual`.
 */
export function passDropped(
  gpu: Recorder,
  subset: RowSubset,
  residual: Tensor,
  y: Tensor,
): void {
  const op = "passDropped";
  const [tokens, dim] = expectShape(op, "residual", residual, ["T", "dim"]);
  expectShape(op, "y", y, [tokens, dim]);
  expectSubset(op, subset, tokens);
  const dropped = tokens - subset.count;
  if (dropped * dim === 0) return;
  const fours = dim % 4 === 0;
  const width = fours ? dim / 4 : dim;
  gpu.run({
    label: "row_subset.pass_dropped",
    source,
    entryPoint: fours ? "pass_dropped_4" : "pass_dropped",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", tokens], ["u32", subset.count], ["u32", width]),
    inputs: [subset.table, residual],
    outputs: [y],
    workgroups: Math.ceil(dropped * width / WORKGROUP_SIZE),
    bytes: bytesOfRows(subset, dropped, [subset.table, residual, y]),
  });
}

/** Checks that a subset is one of `tokens` rows. @throws {ShapeError} If it is not. */
export function expectSubset(op: string, { table }: RowSubset, tokens: number): void {
  expectShape(op, "table", table, [tokens, 2]);
}

/**
 * Bytes of what a dispatch binds, where it touches only `count` rows of what has one a token. What
 * is bound twice stands in for something absent.
 */
export function bytesOfRows(
  { table: { shape: [tokens] } }: RowSubset,
  count: number,
  bound: readonly Tensor[],
): number {
  return [...new Set(bound)].reduce((sum, { shape: [rows, ...row], dtype }) => {
    return sum + byteLength([rows === tokens ? count : rows, ...row], dtype);
  }, 0);
}
