import { ShapeError } from "../gpu/errors.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** Sequences of different lengths, packed one after another along the token axis. */
export interface Sequences {
  /** Tokens of each sequence. */
  readonly lengths: readonly number[];
  /** First token of each sequence, and the total at the end: `[S + 1]` numbers. */
  readonly offsets: readonly number[];
  readonly totalTokens: number;
  /** {@linkcode offsets} in GPU memory, u32 `[S + 1]`. */
  readonly offsetsTensor: Tensor;
  /** Which sequence a token belongs to, u32 `[T]`. */
  readonly sequenceOfToken: Tensor;
}

/**
 * Lays out sequences in one packed tensor and uploads the tables that kernels need.
 *
 * @param lengths Tokens of each sequence, such as 257 for each global and 50 for each local crop.
 * @throws {ShapeError} If a length is not a whole number above 0.
 */
export function makeSequences(
  gpu: Recorder,
  lengths: readonly number[],
  label = "sequences",
): Sequences {
  const offsets = [0];
  const sequenceOfToken: number[] = [];
  lengths.forEach((length, sequence) => {
    if (!Number.isInteger(length) || length < 1) {
      throw new ShapeError(
        `Cannot pack ${label}: the length of sequence ${sequence} must be at least 1, got ${length}`,
      );
    }
    offsets.push(offsets[sequence] + length);
    for (let token = 0; token < length; token++) sequenceOfToken.push(sequence);
  });
  const totalTokens = offsets[lengths.length];
  return {
    lengths: [...lengths],
    offsets,
    totalTokens,
    offsetsTensor: gpu.constant(Uint32Array.from(offsets), [offsets.length], `${label}.offsets`),
    sequenceOfToken: gpu.constant(
      Uint32Array.from(sequenceOfToken),
      [totalTokens],
      `${label}.sequence_of_token`,
    ),
  };
}

/** How many sequences there are of each length, such as `64x257+256x50`. */
export function describeLengths({ lengths }: Sequences): string {
  const counts = new Map<number, number>();
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].map(([length, count]) => `${count}x${length}`).join("+");
}

/**
 * A table of tiles, u32 `[tiles, 4]`: first token, first token of its sequence, end of its
 * sequence, 0. No tile spans two sequences; it may end early with its sequence.
 *
 * Made once for each recorder and tile size, however many blocks use it.
 */
export function tilesOf(gpu: Recorder, sequences: Sequences, rowsPerTile: number): Tensor {
  let bySequences = TILES.get(gpu);
  if (!bySequences) TILES.set(gpu, bySequences = new WeakMap());
  let bySize = bySequences.get(sequences);
  if (!bySize) bySequences.set(sequences, bySize = new Map());
  let tiles = bySize.get(rowsPerTile);
  if (!tiles) {
    const table: number[] = [];
    sequences.lengths.forEach((length, sequence) => {
      const start = sequences.offsets[sequence];
      for (let row = 0; row < length; row += rowsPerTile) {
        table.push(start + row, start, start + length, 0);
      }
    });
    const label = `sequences.tiles of ${rowsPerTile}`;
    tiles = gpu.constant(Uint32Array.from(table), [table.length / 4, 4], label);
    bySize.set(rowsPerTile, tiles);
  }
  return tiles;
}

const TILES = new WeakMap<Recorder, WeakMap<Sequences, Map<number, Tensor>>>();
