import { wgslOf } from "../gpu/kernel.ts";
import type { Dispatch } from "../gpu/recorder.ts";

/** What cannot be read off a kernel's declarations: counted by hand in `kernels/`. */
export interface KernelTraits {
  /** Registers of a lane. */
  registers: number;
  /** Bytes that lanes read from workgroup memory for a floating-point operation. */
  workgroupBytesPerFlop: number;
  /** Instructions for an operation that bring tensors into workgroup memory. */
  stagingPerFlop: number;
  /** Bytes of the tensors that a lane has asked for at once, before it waits. */
  bytesOnTheWay: number;
}

type Constants = Readonly<Record<string, number>>;

/** A lane without large tiles: sums, indices, addresses. */
const FEW_REGISTERS = 32;

/** Bytes of a vec4f, and operations of four multiply-adds of it. */
const [VEC_BYTES, VEC_FLOPS] = [16, 8];

/** Instructions that load four numbers one by one, each with its place and its bounds. */
const SCALAR_LOADS = 28;

/** The same of four numbers at once. */
const VECTOR_LOAD = 12;

function loadOf(wgsl: string): number {
  return wgsl.includes("array<vec4<elem>>") ? VECTOR_LOAD : SCALAR_LOADS;
}

/** By kernel, or by entry point where they differ. */
const TRAITS: Record<string, (constants: Constants, wgsl: string) => Partial<KernelTraits>> = {
  matmul_tiled: matmulTraits,
  "matmul_split.partial_sums": matmulTraits,
  // 4 rows and 4 columns, all scalars, for 16 multiply-adds; 16 sums, 8 loaded at once. A number
  // that is staged takes part in 64 of them.
  "patch_embed.forward": () => PATCH_EMBED,
  "patch_embed.backward_partials": () => PATCH_EMBED,
  // Sums of 4 rows: 16 for each of its slots; scores of 4 rows and c keys; 4 rows of q. Keys and
  // values are staged once for all rows of the tile.
  attention: ({ HEAD_DIM = 64, KEYS_PER_LANE: c = 2, ROW_GROUPS = 8 }, wgsl) => {
    const slots = slotsOf(HEAD_DIM);
    return {
      registers: 16 * slots + 4 * c + 16 + 4 + 8 + 24,
      workgroupBytesPerFlop: mean(vecs(4 + c, 4 * c), vecs(1 + slots, 4 * slots)),
      stagingPerFlop: loadOf(wgsl) / (4 * 2 * 4 * ROW_GROUPS),
      bytesOnTheWay: VEC_BYTES,
    };
  },
  // As forward on two sides: scores, and their gradients; results of one side or of two.
  attention_backward: (
    { HEAD_DIM = 64, COLS_PER_LANE: c = 1, ROWS_ARE_KEYS: keys = 0, ROW_GROUPS = 4 },
    wgsl,
  ) => {
    const slots = slotsOf(HEAD_DIM);
    const [scores, results] = [vecs(8 + 2 * c, 8 * c), vecs(1 + slots, 4 * slots)];
    const products = keys ? 4 : 3; // of matrices; two are staged
    return {
      registers: 16 * slots * (keys ? 2 : 1) + 8 * c + 32 + 8 + 8 + 24,
      workgroupBytesPerFlop: keys ? mean(scores, results) : mean(scores, scores, results),
      stagingPerFlop: loadOf(wgsl) * 2 / (4 * products * 2 * 4 * ROW_GROUPS),
      bytesOnTheWay: 2 * VEC_BYTES,
    };
  },
  attention_delta: ({ HEAD_DIM = 64 }) => ({
    bytesOnTheWay: HEAD_DIM % 4 === 0 ? 2 * VEC_BYTES : 8,
  }),
  adamw: () => ({ registers: 40, bytesOnTheWay: 5 * VEC_BYTES }),
  // Four rows, or four splits, at once.
  column_sum: () => ({ bytesOnTheWay: 4 * 4 }),
  add_partials: () => ({ bytesOnTheWay: 4 * 4 }),
  layer_scale: () => ({ bytesOnTheWay: 4 * 2 * 4 }),
  "layer_norm.partial_sums": () => ({ bytesOnTheWay: 4 * 2 * 4 }),
  // Four prototypes at once: the student's logits in one pass, they and the teacher's in the other.
  prototype_cross_entropy: () => ({ bytesOnTheWay: 4 * 6 }),
  softmax_stats: () => ({ bytesOnTheWay: 4 * 4 }),
};

// 64 sums, 64 operands of four steps of k, 24 loaded ahead, 16 addresses and counters. For four
// steps of k: 16 vectors for 64 products of them. For 16 steps a tile stages 4 for each row and
// column.
function matmulTraits(
  { LANE_ROWS = 16, LANE_COLS = 8 }: Constants,
  wgsl: string,
): KernelTraits {
  const [rows, cols] = [8 * LANE_ROWS, 8 * LANE_COLS];
  return {
    registers: 168,
    workgroupBytesPerFlop: vecs(16, 64),
    stagingPerFlop: loadOf(wgsl) * 4 * (rows + cols) / (rows * cols * 16 * 2),
    bytesOnTheWay: 24 * 4,
  };
}

const PATCH_EMBED: KernelTraits = {
  registers: 56,
  workgroupBytesPerFlop: 8 * 4 / (16 * 2),
  stagingPerFlop: SCALAR_LOADS / (4 * 64),
  bytesOnTheWay: 8 * 4,
};

/** What is known of a dispatch's kernel; of one without tiles, what such kernels have. */
export function traitsOf({ label, constants, inputs, source, elem }: Dispatch): KernelTraits {
  const [name] = label.split(" ");
  const [kernel] = name.split(".");
  const largest = Math.max(...inputs.map(({ storage }) => storage.sizeBytes));
  const large = inputs.filter(({ storage }) => storage.sizeBytes >= largest / 4);
  return {
    registers: FEW_REGISTERS,
    workgroupBytesPerFlop: 0,
    stagingPerFlop: 0,
    bytesOnTheWay: 4 * Math.max(1, large.length),
    ...(TRAITS[name] ?? TRAITS[kernel])?.(
      constants ?? {},
      wgslOf(source, elem ?? "f32"),
    ),
  };
}

/** Kernels, and entry points of kernels, that something was counted of. */
export const COUNTED_KERNELS: readonly string[] = Object.keys(TRAITS);

/** Bytes an operation, where so many vectors are read for so many products with one. */
function vecs(read: number, products: number): number {
  return read * VEC_BYTES / (products * VEC_FLOPS);
}

function slotsOf(headDim: number): number {
  return Math.ceil(headDim / 32);
}

function mean(...values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
