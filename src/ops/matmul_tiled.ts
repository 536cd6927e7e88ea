import scalars from "../../kernels/matmul_tiled/scalars.wgsl" with { type: "text" };
import tiled from "../../kernels/matmul_tiled.wgsl" with { type: "text" };
import vectors from "../../kernels/matmul_tiled/vectors.wgsl" with { type: "text" };
import type { LinkedKernel } from "../gpu/kernel.ts";
import { linkKernel } from "./link_kernel.ts";
import type { MatmulTile } from "./matmul_tile.ts";

/** Elements of one load. */
const VECTOR = 4;

/** How the operands of a product lie, and which part of the depth is summed. */
export interface TiledProduct {
  rows: number;
  cols: number;
  depth: number;
  transposeA?: boolean;
  transposeB?: boolean;
  range: { begin: number; end: number };
}

/** Modules by what follows the product, so that plans compile each of them once. */
const linked = new Map<string, LinkedKernel>();

/** The kernel of a product in tiles with what `follows` makes of its tiles, and its constants. */
export function tiledMatmul(
  tile: MatmulTile,
  product: TiledProduct,
  follows: string,
): { source: LinkedKernel; constants: Record<string, number> } {
  const loads = comesInVectors(product) ? vectors : scalars;
  const key = loads + follows;
  // Imports stand before all else.
  const source = linked.get(key) ?? linkKernel([follows, tiled, loads].join("\n"));
  linked.set(key, source);
  const { transposeA, transposeB } = product;
  const alongK = { A_ALONG_K: transposeA ? 0 : 1, B_ALONG_K: transposeB ? 1 : 0 };
  return { source, constants: { ...tile.constants, ...alongK } };
}

/** Whether both operands are rows of whole vectors, and those along k are cut between them. */
export function comesInVectors(
  { rows, cols, depth, transposeA, transposeB, range: { begin, end } }: TiledProduct,
): boolean {
  const alongK = !transposeA || transposeB;
  const sizes = [transposeA ? rows : depth, transposeB ? depth : cols];
  return [...sizes, ...(alongK ? [begin, end] : [])].every((n) => n % VECTOR === 0);
}
