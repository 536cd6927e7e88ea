import backwardSource from "../../kernels/attention_backward.wgsl" with { type: "text" };
import forwardSource from "../../kernels/attention.wgsl" with { type: "text" };
import subgroupBackwardSource from "../../kernels/attention_subgroup_backward.wgsl" with {
  type: "text",
};
import subgroupSource from "../../kernels/attention_subgroup.wgsl" with { type: "text" };
import wideBackwardSource from "../../kernels/attention_wide_backward.wgsl" with { type: "text" };
import wideSource from "../../kernels/attention_wide.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import type { KernelSource } from "../gpu/kernel.ts";
import type { Variant } from "../gpu/recorder.ts";
import { linkKernel } from "./link_kernel.ts";

/**
 * How the work is laid out: "tiled" through workgroup memory, for GPUs; "subgroup" without it, for
 * software adapters, and heads whose width is a multiple of 4.
 */
export type AttentionVariant = "tiled" | "subgroup";

/** A kernel, what it is compiled with, and the queries (or keys) of a tile. */
export interface AttentionKernel extends Variant {
  kernel: string;
  source: KernelSource;
  constants: Record<string, number>;
  rowsPerTile: number;
  /** Keys (or queries) that pass at once; 1 where none is computed in vain. */
  colsPerTile?: number;
  /** Of the way back: whether the queries' part writes a better delta for the keys'. */
  refinesDelta?: boolean;
}

/** The subgroup variant where heads come in fours, and where in eights. */
const SUBGROUP_ROWS = 8;
const WIDE_ROWS = 24;

const TILED = linkKernel(forwardSource);
const TILED_VECTORS = linkKernel(forwardSource, { vectors: true });
const TILED_BACKWARD = linkKernel(backwardSource);
const TILED_VECTORS_BACKWARD = linkKernel(backwardSource, { vectors: true });

const WIDE = linkKernel(wideSource, { wide: true });
const WIDE_BACKWARD = linkKernel(wideBackwardSource, { wide: true });

/** The kernels of {@linkcode attention} for heads of this width, the built-in one first. */
export function forwardKernels(
  adapter: AdapterFacts,
  headDim: number,
  variant?: AttentionVariant,
): AttentionKernel[] {
  const subgroup = subgroupKernel(adapter, headDim, variant, [WIDE, subgroupSource]);
  if (subgroup) return [subgroup];
  return tiledKernels(adapter, headDim, {
    kernel: "attention",
    source: comesInVectors(headDim) ? TILED_VECTORS : TILED,
    columns: "KEYS_PER_LANE",
    vecsOf({ rowGroups, colsPerLane }) {
      const [rows, keys] = [4 * rowGroups, 8 * colsPerLane];
      return (rows + keys) * vecStride(headDim) + keys * rowGroups + 8 * rowGroups;
    },
  });
}

/** The kernels of {@linkcode attentionBackward} for heads of this width, the built-in one first. */
export function backwardKernels(
  adapter: AdapterFacts,
  headDim: number,
  variant?: AttentionVariant,
): AttentionKernel[] {
  const sources = [WIDE_BACKWARD, subgroupBackwardSource] as const;
  const subgroup = subgroupKernel(adapter, headDim, variant, sources);
  if (subgroup) {
    const refinesDelta = subgroup.source === WIDE_BACKWARD;
    return [{ ...subgroup, kernel: `${subgroup.kernel}_backward`, refinesDelta }];
  }
  return tiledKernels(adapter, headDim, {
    kernel: "attention_backward",
    source: comesInVectors(headDim) ? TILED_VECTORS_BACKWARD : TILED_BACKWARD,
    columns: "COLS_PER_LANE",
    vecsOf({ rowGroups, colsPerLane }) {
      const [rows, cols] = [4 * rowGroups, 8 * colsPerLane];
      if (colsPerLane > 2) return Infinity; // the kernel has no registers for more
      return 2 * (rows + cols) * vecStride(headDim) + 2 * cols * rowGroups;
    },
  });
}

/** Whether a head is whole vectors of 4, which are loaded and stored at once. */
function comesInVectors(headDim: number): boolean {
  return headDim % 4 === 0;
}

/** A kernel for GPUs with each tile that fits; `columns` is what it calls those of a lane. */
function tiledKernels(
  adapter: AdapterFacts,
  headDim: number,
  { kernel, source, columns, vecsOf }: {
    kernel: string;
    source: KernelSource;
    columns: string;
    vecsOf(tile: Tile): number;
  },
): AttentionKernel[] {
  return fittingTiles(adapter, vecsOf).map((tile) => ({
    name: nameOf(tile),
    kernel,
    source,
    constants: { HEAD_DIM: headDim, ROW_GROUPS: tile.rowGroups, [columns]: tile.colsPerLane },
    rowsPerTile: 4 * tile.rowGroups,
    colsPerTile: 8 * tile.colsPerLane,
    refinesDelta: true,
  }));
}

/** One of the kernels for software adapters, the wide one first; null where neither is wanted. */
function subgroupKernel(
  { kernels, subgroupSize, shaderInt64 }: AdapterFacts,
  headDim: number,
  variant: AttentionVariant | undefined,
  [wide, narrow]: readonly [KernelSource, KernelSource],
): AttentionKernel | null {
  if ((variant ?? (kernels === "cpu" ? "subgroup" : "tiled")) === "tiled") return null;
  if (shaderInt64 && subgroupSize === 8 && headDim % 8 === 0 && headDim <= 64) {
    const constants = { HEAD_DIM: headDim };
    const kernel = "attention_wide";
    return { name: kernel, kernel, source: wide, constants, rowsPerTile: WIDE_ROWS };
  }
  // A lane holds 4 slots of 4 numbers of a head each, and loads them in fours.
  if (headDim % 4 !== 0 || headDim > 16 * subgroupSize) return null;
  const constants = { HEAD_DIM: headDim, LANES: subgroupSize };
  const kernel = "attention_subgroup";
  return { name: kernel, kernel, source: narrow, constants, rowsPerTile: SUBGROUP_ROWS };
}

interface Tile {
  rowGroups: number;
  colsPerLane: number;
}

/** The first of these that fits an adapter's workgroup memory is the built-in one. */
const TILES: Tile[] = [
  { rowGroups: 8, colsPerLane: 4 },
  { rowGroups: 8, colsPerLane: 2 },
  { rowGroups: 8, colsPerLane: 1 },
  { rowGroups: 4, colsPerLane: 1 },
  { rowGroups: 2, colsPerLane: 1 },
  { rowGroups: 1, colsPerLane: 1 },
];

/** Others to choose among: more rows load less, fewer leave room for more workgroups. */
const OTHER_TILES: Tile[] = [
  { rowGroups: 16, colsPerLane: 4 },
  { rowGroups: 16, colsPerLane: 2 },
  { rowGroups: 16, colsPerLane: 1 },
  { rowGroups: 8, colsPerLane: 2 },
  { rowGroups: 8, colsPerLane: 1 },
  { rowGroups: 4, colsPerLane: 4 },
  { rowGroups: 4, colsPerLane: 2 },
];

function fittingTiles(
  { maxWorkgroupBytes, maxWorkgroupLanes }: AdapterFacts,
  vecsOf: (tile: Tile) => number,
): Tile[] {
  const fits = (tile: Tile) =>
    vecsOf(tile) * 16 <= maxWorkgroupBytes && 8 * tile.rowGroups <= maxWorkgroupLanes;
  const builtIn = TILES.find(fits) ?? TILES.at(-1)!;
  const others = OTHER_TILES.filter((tile) => fits(tile) && nameOf(tile) !== nameOf(builtIn));
  return [builtIn, ...others];
}

/** Rows of a tile, and columns that it looks at together. */
function nameOf({ rowGroups, colsPerLane }: Tile): string {
  return `${4 * rowGroups}x${8 * colsPerLane}`;
}

/** 4-vectors from one row of a head to the next in workgroup memory: odd, as in the kernels. */
function vecStride(headDim: number): number {
  return Math.ceil(headDim / 4) | 1;
}
