import partial from "../../kernels/matmul_split/partial.wgsl" with { type: "text" };
import root from "../../kernels/matmul_split.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import type { Recorder, Variant } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { elemOf, type MatmulDispatch, matmulParams, MAX_DEPTH } from "./matmul_dispatch.ts";
import { type MatmulTile, tileCount, tilesFor } from "./matmul_tile.ts";
import { tiledMatmul } from "./matmul_tiled.ts";

/** Lanes per workgroup of the summing pass. */
const SUM_LANES = 256;

/** Tiles that keep the largest GPUs busy: an H100 holds about 400 of them at once. */
const BUSY_TILES = 512;

/** Shortest sum worth a workgroup of its own: 32 blocks of workgroup memory. */
const MIN_DEPTH = 512;

/** Sums end where a block of workgroup memory does. */
const BLOCK_DEPTH = 16;

/** A tile, and how long the sum of one workgroup is: `depth` where it is not cut. */
export interface SplitTile extends Variant {
  tile: MatmulTile;
  splitDepth: number;
}

type Sizes = Pick<MatmulDispatch, "rows" | "cols" | "depth">;

/** Tiles for a product, each with its sums as long as keep a GPU busy; then longer and shorter. */
export function splitTiles(adapter: AdapterFacts, sizes: Sizes): SplitTile[] {
  const busy = (tile: MatmulTile, tiles = BUSY_TILES): SplitTile => {
    const part = splitDepth(tile, sizes, tiles);
    const name = part < sizes.depth ? `${tile.name} of ${part}` : tile.name;
    return { name, tile, splitDepth: part };
  };
  const tiles = tilesFor(adapter);
  const all = [
    ...tiles.map((tile) => busy(tile)),
    busy(tiles[0], BUSY_TILES / 2),
    busy(tiles[0], 2 * BUSY_TILES),
  ];
  return [...new Map(all.map((each) => [each.name, each])).values()];
}

/**
 * How long the sum of one workgroup is: `depth` itself where the tiles alone fill the GPU, else a
 * part of it.
 */
export function splitDepth(
  tile: Pick<MatmulTile, "tileRows" | "tileCols">,
  sizes: Sizes,
  busyTiles = BUSY_TILES,
): number {
  const { depth } = sizes;
  const tiles = tileCount(tile, sizes);
  const splits = Math.min(Math.floor(busyTiles / tiles), Math.floor(depth / MIN_DEPTH));
  if (tiles === 0 || splits < 2) return depth;
  const part = Math.min(Math.ceil(depth / splits), MAX_DEPTH);
  return Math.ceil(part / BLOCK_DEPTH) * BLOCK_DEPTH;
}

/** A product whose depth is cut, and what becomes of it. */
export interface SplitProduct extends
  Pick<
    MatmulDispatch,
    "a" | "b" | "rows" | "cols" | "depth" | "transposeA" | "transposeB" | "label"
  > {
  /** Overwrite `y`, or add to it. */
  entryPoint: "store" | "add";
  y: Tensor; // [rows, cols]
  tile: MatmulTile;
  splitDepth: number;
}

/** Runs a product in two passes: sums over parts of the depth, then the sum of those. */
export function dispatchSplitMatmul(gpu: Recorder, product: SplitProduct): void {
  const { a, b, y, rows, cols, depth, entryPoint, label, tile } = product;
  const splits = Math.ceil(depth / product.splitDepth);
  const partials = gpu.empty([splits, rows, cols], `${label ?? "matmul"}.partials`, "f32");
  const name = label ? ` ${label}` : "";
  // Splits begin and end at multiples of a block, but for the end of the last.
  const range = { begin: 0, end: depth };
  const { source, constants } = tiledMatmul(tile, { ...product, range }, root, {
    epilogue: partial,
  });
  const shared = {
    source,
    elem: elemOf(product),
    params: matmulParams({ ...product, range }, product.splitDepth),
  };
  gpu.run({
    ...shared,
    label: `matmul_split.partial_sums${name}`,
    entryPoint: "partial_sums",
    constants,
    inputs: [a, b],
    outputs: [partials],
    workgroups: splits * tileCount(tile, product),
    flops: 2 * rows * cols * depth,
    tileFlops: 2 * tileCount(tile, product) * tile.tileRows * tile.tileCols * depth,
  });
  gpu.run({
    ...shared,
    label: `matmul_split.${entryPoint}${name}`,
    entryPoint,
    constants: { SUM_LANES },
    inputs: [partials],
    outputs: [y],
    workgroups: Math.ceil(rows * cols / SUM_LANES),
  });
}
