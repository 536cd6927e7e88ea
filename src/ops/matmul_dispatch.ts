import subgroup from "../../kernels/matmul_subgroup.wgsl" with { type: "text" };
import tiled from "../../kernels/matmul_tiled.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Elem } from "../gpu/kernel.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { linkOnce } from "./link_kernel.ts";
import { type Epilogue, epilogueFiles } from "./matmul_epilogues.ts";
import { type MatmulTile, tileCount, tilesFor } from "./matmul_tile.ts";
import { tiledMatmul } from "./matmul_tiled.ts";
import { wideMatmul } from "./matmul_wide.ts";

/** How a tile is computed: in workgroup memory, or in registers shared by a subgroup of 8. */
export type MatmulVariant = "tiled" | "subgroup";

/** What every matrix product takes: what it works on, for labels, and which kernel to insist on. */
export interface MatmulOptions {
  label?: string;
  variant?: MatmulVariant;
}

/** Outputs of a workgroup of matmul_subgroup.wgsl. */
const SUBGROUP = { tileRows: 32, tileCols: 32, constants: {} };

/** Longest sum of one dispatch: 4 steps an iteration, below the 65,535 that some drivers loop. */
export const MAX_DEPTH = 65_536;

/** Steps of k to sum over. */
interface Range {
  begin: number;
  end: number;
}

/** One product `[rows, depth] · [depth, cols]`, and what becomes of it. */
export interface MatmulDispatch extends MatmulOptions {
  entryPoint: Epilogue;
  a: Tensor;
  b: Tensor;
  rows: number;
  cols: number;
  depth: number;
  /** The part of the depth to sum over; all of it when left out. */
  range?: Range;
  /** `a` is stored `[depth, rows]`. */
  transposeA?: boolean;
  /** `b` is stored `[cols, depth]`. */
  transposeB?: boolean;
  /** What the epilogue finds among `inputs`; where it is false, anything may be bound there. */
  has?: { bias?: boolean; gamma?: boolean; subset?: boolean };
  /** Bindings after `a` and `b`. */
  inputs?: Tensor[];
  outputs: Tensor[];
  /** Bytes moved when that is not simply the size of all bindings. */
  bytes?: number;
  /** The tile of the tiled variant; one that suits the product if left out. */
  tile?: MatmulTile;
}

/** The variant that suits an adapter: few loads on the CPU, workgroup memory on a GPU. */
export function matmulVariant({ kernels, subgroupSize }: AdapterFacts): MatmulVariant {
  return kernels === "cpu" && subgroupSize === 8 ? "subgroup" : "tiled";
}

/** Runs one matrix product; a product without rows or columns runs nothing. */
export function dispatchMatmul(gpu: Recorder, product: MatmulDispatch): void {
  const { rows, cols, depth, entryPoint } = product;
  if (rows === 0 || cols === 0) return;
  const { begin, end } = product.range ?? { begin: 0, end: depth };
  if (end - begin > MAX_DEPTH) {
    throw new ShapeError(
      `Cannot run matmul.${entryPoint}: the inner dimension must be at most ${MAX_DEPTH}, got ` +
        `${end - begin}; sum over parts of it`,
    );
  }
  const variant = product.variant ?? matmulVariant(gpu.adapter);
  if (variant === "subgroup" || product.tile) return runMatmul(gpu, product);
  gpu.choose({
    key: matmulKey(product),
    variants: tilesFor(gpu.adapter),
    record: (gpu, tile) => runMatmul(gpu, { ...product, tile }),
  });
}

/** What the time of a product depends on, in words. */
export function matmulKey(product: Omit<MatmulDispatch, "outputs">): string {
  const { entryPoint, rows, cols, depth, transposeA, transposeB } = product;
  const form = `${transposeA ? "t" : "n"}${transposeB ? "t" : "n"}`;
  return `matmul.${entryPoint} ${form} ${elemOf(product)} ${rows}x${cols}x${depth}`;
}

/** Runs a product with its tile, or without one as software adapters do. */
function runMatmul(gpu: Recorder, product: MatmulDispatch): void {
  const { rows, cols, depth, a, b, entryPoint, label } = product;
  const range = product.range ?? { begin: 0, end: depth };
  const { kernel, source, tileRows, tileCols, constants } = kernelOf(gpu.adapter, product, range);
  const workgroups = tileCount({ tileRows, tileCols }, product);
  gpu.run({
    label: `matmul_${kernel}.${entryPoint}${label ? ` ${label}` : ""}`,
    source,
    entryPoint: "forward",
    elem: elemOf(product),
    constants,
    params: matmulParams({ ...product, range }),
    inputs: [a, b, ...(product.inputs ?? [])],
    outputs: product.outputs,
    workgroups,
    flops: 2 * rows * cols * (range.end - range.begin),
    tileFlops: 2 * workgroups * tileRows * tileCols * (range.end - range.begin),
    bytes: product.bytes,
  });
}

function kernelOf(adapter: AdapterFacts, product: MatmulDispatch, range: Range) {
  const { entryPoint, tile } = product;
  if (tile) {
    const linked = tiledMatmul(tile, { ...product, range }, tiled, epilogueFiles(entryPoint));
    return { ...tile, ...linked, kernel: "tiled" };
  }
  const wide = wideMatmul(adapter, product, range);
  if (wide) return { ...wide, kernel: "wide" };
  return { ...SUBGROUP, source: linkOnce(subgroup, epilogueFiles(entryPoint)), kernel: "subgroup" };
}

/** How both operands are stored, whatever the recorder stores activations as. */
export function elemOf({ a, b }: Pick<MatmulDispatch, "a" | "b">): Elem {
  if (a.dtype === "u32" || a.dtype !== b.dtype) {
    throw new ShapeError(
      `Cannot run matmul: a and b must both be f32 or both f16, got ${a.dtype} and ${b.dtype}`,
    );
  }
  return a.dtype;
}

/** What all kernels of products are told, as kernels/parts/matmul_params.wgsl has it. */
export function matmulParams(
  { rows, cols, depth, range, transposeA, transposeB, has = {} }:
    & Pick<MatmulDispatch, "rows" | "cols" | "depth" | "transposeA" | "transposeB" | "has">
    & { range: Range },
  splitDepth = 0,
): ArrayBuffer {
  const { begin, end } = range;
  // Elements between neighbours along rows, k, k and columns.
  const strides = [
    ...transposeA ? [1, rows] : [depth, 1],
    ...transposeB ? [1, depth] : [cols, 1],
  ];
  const flags = [has.bias, has.gamma, has.subset].map((flag) => flag ? 1 : 0);
  const numbers = [rows, cols, begin, end, ...strides, ...flags, splitDepth];
  return packParams(...numbers.map((value) => ["u32", value] as const));
}
