import type { Gpu } from "../../src/gpu/gpu.ts";
import { type RowSubset, rowSubset, sequencePlaces } from "../../src/ops/row_subset.ts";
import { makeSequences } from "../../src/ops/sequences.ts";

/** Sequences, and which of them a branch works on. */
export interface SubsetCase {
  name: string;
  lengths: readonly number[];
  /** A factor for each sequence that the branch works on, null where it does not. */
  factors: readonly (number | null)[];
}

/** What makes kernels stumble: one sequence, all of them, none in its place, several tiles. */
export const SUBSETS: SubsetCase[] = [
  { name: "one token", lengths: [1], factors: [2] },
  { name: "one of four kept", lengths: [3, 1, 4, 2], factors: [null, null, 1.75, null] },
  { name: "all kept, two by a factor of 0", lengths: [4, 5, 1], factors: [0, 1.25, 0] },
  {
    name: "mixed lengths over several tiles",
    lengths: [70, 70, 70, 9, 9, 9],
    factors: [null, 1.5, 1.5, 3, null, null],
  },
];

/** A subset on the GPU, with its tokens and their factors, row by row. */
export function uploadSubset(
  gpu: Gpu,
  { lengths, factors }: SubsetCase,
): { subset: RowSubset; tokens: number[]; factors: number[] } {
  const sequences = makeSequences(gpu, lengths);
  const rows = lengths.flatMap((length, sequence) => {
    const [first, factor] = [sequences.offsets[sequence], factors[sequence]];
    if (factor === null) return [];
    return Array.from({ length }, (_, i) => ({ token: first + i, factor }));
  });
  const places = gpu.upload([lengths.length, 2], sequencePlaces(factors, lengths), "places");
  return {
    subset: rowSubset(gpu, sequences, places, rows.length),
    tokens: rows.map(({ token }) => token),
    factors: rows.map(({ factor }) => factor),
  };
}

/** Rows of a matrix, close together: what a kernel should have read. */
export function pickRows(
  matrix: Float32Array | Float64Array,
  dim: number,
  rows: readonly number[],
): Float64Array {
  return Float64Array.from(rows.flatMap((row) => [...matrix.subarray(row * dim, (row + 1) * dim)]));
}

/** A matrix with rows added into it: what a kernel should have written. */
export function addRows(
  matrix: Float32Array,
  dim: number,
  rows: readonly number[],
  added: ArrayLike<number>,
): Float64Array {
  const sum = Float64Array.from(matrix);
  rows.forEach((row, i) => {
    for (let col = 0; col < dim; col++) sum[row * dim + col] += added[i * dim + col];
  });
  return sum;
}
