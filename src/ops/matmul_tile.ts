import type { AdapterFacts } from "../gpu/device.ts";
import type { Variant } from "../gpu/recorder.ts";

/** Outputs that a workgroup of matmul_tiled.wgsl computes. */
export interface MatmulTile extends Variant {
  tileRows: number;
  tileCols: number;
  constants: Record<string, number>;
}

/** Bytes of workgroup memory for each row and column of a tile: 16 steps of k, and 4 between. */
const BYTES_PER_SIDE = 80;

/** Large tiles load less, small ones fill a GPU with less work; the first is the built-in one. */
const TILES: readonly MatmulTile[] = [[16, 8], [8, 8], [8, 16], [16, 16]].map(
  ([LANE_ROWS, LANE_COLS]) => ({
    name: `${8 * LANE_ROWS}x${8 * LANE_COLS}`,
    tileRows: 8 * LANE_ROWS,
    tileCols: 8 * LANE_COLS,
    constants: { LANE_ROWS, LANE_COLS },
  }),
);

/** The tiles that fit an adapter; at least the built-in one, which fits every WebGPU. */
export function tilesFor({ maxWorkgroupBytes, maxWorkgroupLanes }: AdapterFacts): MatmulTile[] {
  return TILES.filter(({ tileRows, tileCols }) =>
    (tileRows + tileCols) * BYTES_PER_SIDE <= maxWorkgroupBytes &&
    tileRows * tileCols / 64 <= maxWorkgroupLanes
  );
}

/** Tiles that cover a product. */
export function tileCount(
  { tileRows, tileCols }: Pick<MatmulTile, "tileRows" | "tileCols">,
  { rows, cols }: { rows: number; cols: number },
): number {
  return Math.ceil(rows / tileRows) * Math.ceil(cols / tileCols);
}
