import backwardSource from "../../kernels/attention_backward.wgsl" with { type: "text" };
import deltaSource from "../../kernels/attention_delta.wgsl" with { type: "text" };
import forwardSource from "../../kernels/attention.wgsl" with { type: "text" };
import subgroupBackwardSource from "../../kernels/attention_subgroup_backward.wgsl" with {
  type: "text",
};
import subgroupSource from "../../kernels/attention_subgroup.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { type Sequences, tilesOf } from "./sequences.ts";

/**
 * How the work is laid out: "tiled" through workgroup memory, for GPUs; "subgroup" without it, for
 * software adapters, and heads whose width is a multiple of 4.
 */
export type AttentionVariant = "tiled" | "subgroup";

/** Widest head that fits the kernels' registers: 4 slots of 8 lanes of 4 numbers. */
const MAX_HEAD_DIM = 128;

/** Queries (or keys) of a tile of the subgroup variant. */
const SUBGROUP_ROWS = 8;

/** Lanes of the delta kernel. */
const WORKGROUP_SIZE = 64;

/** The sizes that one attention call works with. */
interface AttentionSizes {
  tokens: number;
  embedDim: number;
  numHeads: number;
  headDim: number;
  /** Pairs of a query and a key, over all sequences; for the operation count. */
  pairs: number;
}

/**
 * Multi-head self-attention inside each sequence, with scale `1/√headDim`.
 *
 * @param qkv `[T, 3D]`: all q, then all k, then all v; inside each, head after head.
 * @param sequences Where each sequence of the packed tokens begins.
 * @param options `variant` overrides what the adapter suggests, where it fits.
 * @returns `out` `[T, D]`, and the log-sum-exp of the scores, `lse` `[T, numHeads]`, for
 * {@linkcode attentionBackward}.
 * @throws {ShapeError} If `qkv` fits neither the sequences nor the heads, or a head is wider than
 * 128.
 */
export function attention(
  gpu: Recorder,
  qkv: Tensor,
  sequences: Sequences,
  numHeads: number,
  { variant }: { variant?: AttentionVariant } = {},
): { out: Tensor; lse: Tensor } {
  const sizes = sizesOf("attention", qkv, sequences, numHeads);
  const { tokens, embedDim, headDim, pairs } = sizes;
  const out = gpu.empty([tokens, embedDim], "attention.out");
  const lse = gpu.empty([tokens, numHeads], "attention.lse", "f32");
  if (tokens === 0) return { out, lse };

  const subgroup = usesSubgroup(gpu, headDim, variant);
  const { rowGroups, colsPerLane } = forwardTile(gpu, headDim);
  const tiles = tilesOf(gpu, sequences, subgroup ? SUBGROUP_ROWS : 4 * rowGroups);
  gpu.run({
    label: subgroup ? "attention_subgroup.forward" : "attention.forward",
    source: subgroup ? subgroupSource : forwardSource,
    entryPoint: "forward",
    constants: subgroup
      ? { HEAD_DIM: headDim, LANES: gpu.adapter.subgroupSize }
      : { HEAD_DIM: headDim, ROW_GROUPS: rowGroups, KEYS_PER_LANE: colsPerLane },
    params: paramsOf(tiles, sizes),
    inputs: [qkv, tiles],
    outputs: [out, lse],
    workgroups: tiles.shape[0] * numHeads,
    flops: 4 * pairs * embedDim,
  });
  return { out, lse };
}

/**
 * Gradient of {@linkcode attention}; the scores are computed again, never stored.
 *
 * @param dOut `[T, D]`.
 * @param saved What the forward pass was given and what it returned.
 * @param options `variant` overrides what the adapter suggests, where it fits.
 * @returns dQkv, `[T, 3D]`.
 * @throws {ShapeError} If a tensor does not fit `qkv`.
 */
export function attentionBackward(
  gpu: Recorder,
  dOut: Tensor,
  { qkv, out, lse }: { qkv: Tensor; out: Tensor; lse: Tensor },
  sequences: Sequences,
  numHeads: number,
  { variant }: { variant?: AttentionVariant } = {},
): Tensor {
  const op = "attentionBackward";
  const sizes = sizesOf(op, qkv, sequences, numHeads);
  const { tokens, embedDim, headDim, pairs } = sizes;
  expectShape(op, "dOut", dOut, [tokens, embedDim]);
  expectShape(op, "out", out, [tokens, embedDim]);
  expectShape(op, "lse", lse, [tokens, numHeads]);
  const dQkv = gpu.empty([tokens, 3 * embedDim], "attention.dQkv");
  if (tokens === 0) return dQkv;

  const delta = tokenDelta(gpu, out, dOut, sizes);
  const subgroup = usesSubgroup(gpu, headDim, variant);
  const { rowGroups, colsPerLane } = backwardTile(gpu, headDim);
  const tiles = tilesOf(gpu, sequences, subgroup ? SUBGROUP_ROWS : 4 * rowGroups);
  const kernel = subgroup ? "attention_subgroup_backward" : "attention_backward";
  for (const ROWS_ARE_KEYS of [0, 1]) {
    gpu.run({
      label: `${kernel}.backward_rows ${ROWS_ARE_KEYS ? "dk dv" : "dq"}`,
      source: subgroup ? subgroupBackwardSource : backwardSource,
      entryPoint: "backward_rows",
      constants: subgroup
        ? { HEAD_DIM: headDim, LANES: gpu.adapter.subgroupSize, ROWS_ARE_KEYS }
        : {
          HEAD_DIM: headDim,
          ROW_GROUPS: rowGroups,
          COLS_PER_LANE: colsPerLane,
          ROWS_ARE_KEYS,
        },
      params: paramsOf(tiles, sizes),
      inputs: [qkv, dOut, lse, delta, tiles],
      outputs: [dQkv],
      workgroups: tiles.shape[0] * numHeads,
      flops: (ROWS_ARE_KEYS ? 8 : 6) * pairs * embedDim,
    });
  }
  return dQkv;
}

/** `Σ dOut · out` of each token and head, `[T, numHeads]`. */
function tokenDelta(gpu: Recorder, out: Tensor, dOut: Tensor, sizes: AttentionSizes): Tensor {
  const { tokens, numHeads, headDim } = sizes;
  const delta = gpu.empty([tokens, numHeads], "attention.delta", "f32");
  gpu.run({
    label: "attention_delta.forward",
    source: deltaSource,
    entryPoint: "forward",
    constants: { HEAD_DIM: headDim, WORKGROUP_SIZE },
    inputs: [out, dOut],
    outputs: [delta],
    workgroups: Math.ceil(tokens * numHeads / WORKGROUP_SIZE),
  });
  return delta;
}

function sizesOf(
  op: string,
  qkv: Tensor,
  sequences: Sequences,
  numHeads: number,
): AttentionSizes {
  const [tokens, width] = expectShape(op, "qkv", qkv, [sequences.totalTokens, "3D"]);
  const headDim = width / (3 * numHeads);
  if (!Number.isInteger(headDim) || headDim < 1 || headDim > MAX_HEAD_DIM) {
    throw new ShapeError(
      `Cannot run ${op}: the width of qkv must be 3 · ${numHeads} heads of 1 to ` +
        `${MAX_HEAD_DIM} numbers each, got ${width}`,
    );
  }
  const pairs = sequences.lengths.reduce((sum, length) => sum + length * length, 0);
  return { tokens, embedDim: width / 3, numHeads, headDim, pairs };
}

function paramsOf(tiles: Tensor, { numHeads, headDim }: AttentionSizes): ArrayBuffer {
  const scale = 1 / Math.sqrt(headDim);
  return packParams(["u32", tiles.shape[0]], ["u32", numHeads], ["f32", scale]);
}

/** A subgroup's lanes hold 4 slots of 4 numbers of a head each, and load them in fours. */
function usesSubgroup({ adapter }: Recorder, headDim: number, variant?: AttentionVariant): boolean {
  const wanted = variant ?? (adapter.kernels === "cpu" ? "subgroup" : "tiled");
  return wanted === "subgroup" && headDim % 4 === 0 && headDim <= 16 * adapter.subgroupSize;
}

interface Tile {
  rowGroups: number;
  colsPerLane: number;
}

/** Tile sizes from best to smallest: the first one that fits an adapter's workgroup memory. */
const TILES: Tile[] = [
  { rowGroups: 8, colsPerLane: 4 },
  { rowGroups: 8, colsPerLane: 2 },
  { rowGroups: 8, colsPerLane: 1 },
  { rowGroups: 4, colsPerLane: 1 },
  { rowGroups: 2, colsPerLane: 1 },
  { rowGroups: 1, colsPerLane: 1 },
];

function forwardTile(gpu: Recorder, headDim: number): Tile {
  return fitting(gpu, ({ rowGroups, colsPerLane }) => {
    const [rows, keys] = [4 * rowGroups, 8 * colsPerLane];
    return (rows + keys) * vecStride(headDim) + keys * rowGroups + 8 * rowGroups;
  });
}

function backwardTile(gpu: Recorder, headDim: number): Tile {
  return fitting(gpu, ({ rowGroups, colsPerLane }) => {
    const [rows, cols] = [4 * rowGroups, 8 * colsPerLane];
    if (colsPerLane > 2) return Infinity; // the kernel has no registers for more
    return 2 * (rows + cols) * vecStride(headDim) + 2 * cols * rowGroups;
  });
}

function fitting(gpu: Recorder, vecsOf: (tile: Tile) => number): Tile {
  return TILES.find((tile) => vecsOf(tile) * 16 <= gpu.adapter.maxWorkgroupBytes) ?? TILES.at(-1)!;
}

/** 4-vectors from one row of a head to the next in workgroup memory: odd, as in the kernels. */
function vecStride(headDim: number): number {
  return Math.ceil(headDim / 4) | 1;
}
