import deltaSource from "../../kernels/attention_delta.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { type AttentionVariant, backwardKernels, forwardKernels } from "./attention_kernels.ts";
import { describeLengths, type Sequences, tilesOf } from "./sequences.ts";

export type { AttentionVariant } from "./attention_kernels.ts";

/** Widest head that fits the kernels' registers: 4 slots of 8 lanes of 4 numbers. */
const MAX_HEAD_DIM = 128;

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

  const shape = `${qkv.dtype} ${numHeads}x${headDim} ${describeLengths(sequences)}`;
  gpu.choose({
    key: `attention.forward ${shape}`,
    variants: forwardKernels(gpu.adapter, headDim, variant),
    record(gpu, { kernel, source, constants, rowsPerTile, colsPerTile }) {
      const tiles = tilesOf(gpu, sequences, rowsPerTile);
      gpu.run({
        label: `${kernel}.forward`,
        source,
        entryPoint: "forward",
        constants,
        params: paramsOf(tiles, sizes),
        inputs: [qkv, tiles],
        outputs: [out, lse],
        workgroups: tiles.shape[0] * numHeads,
        flops: 4 * pairs * embedDim,
        tileFlops: 4 * tilePairs(sequences, rowsPerTile, colsPerTile) * embedDim,
      });
    },
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
  const shape = `${qkv.dtype} ${numHeads}x${headDim} ${describeLengths(sequences)}`;
  const variants = backwardKernels(gpu.adapter, headDim, variant);
  const refined = variants[0].refinesDelta
    ? gpu.empty(delta.shape, "attention.delta", "f32")
    : null;
  for (const [ROWS_ARE_KEYS, results] of ["dq", "dk dv"].entries()) {
    gpu.choose({
      key: `attention.backward_rows ${results} ${shape}`,
      variants,
      record(gpu, { kernel, source, constants, rowsPerTile, colsPerTile }) {
        const tiles = tilesOf(gpu, sequences, rowsPerTile);
        const side = ROWS_ARE_KEYS ? "keys" : "queries";
        const entryPoint = `backward_${refined ? side : "rows"}`;
        gpu.run({
          label: `${kernel}.${entryPoint} ${results}`,
          source,
          entryPoint,
          constants: { ...constants, ROWS_ARE_KEYS },
          params: paramsOf(tiles, sizes),
          inputs: [qkv, dOut, lse, ROWS_ARE_KEYS ? refined ?? delta : delta, tiles],
          outputs: refined && !ROWS_ARE_KEYS ? [dQkv, refined] : [dQkv],
          workgroups: tiles.shape[0] * numHeads,
          flops: (ROWS_ARE_KEYS ? 8 : 6) * pairs * embedDim,
          tileFlops: (ROWS_ARE_KEYS ? 8 : 6) * embedDim *
            tilePairs(sequences, rowsPerTile, colsPerTile),
        });
      },
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
    entryPoint: headDim % 4 === 0 ? "forward_vectors" : "forward",
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

/** Pairs of a query and a key in tiles, also those past the ends of sequences. */
function tilePairs({ lengths }: Sequences, rows: number, cols = 1): number {
  const covered = (length: number, size: number) => Math.ceil(length / size) * size;
  return lengths.reduce((sum, length) => sum + covered(length, rows) * covered(length, cols), 0);
}

function paramsOf(tiles: Tensor, { numHeads, headDim }: AttentionSizes): ArrayBuffer {
  const scale = 1 / Math.sqrt(headDim);
  return packParams(["u32", tiles.shape[0]], ["u32", numHeads], ["f32", scale]);
}
