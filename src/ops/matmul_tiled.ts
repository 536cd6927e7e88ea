import finish from "../../kernels/matmul_tiled/finish.wgsl" with { type: "text" };
import scalars from "../../kernels/matmul_tiled/scalars.wgsl" with { type: "text" };
import sums from "../../kernels/matmul_tiled/sums.wgsl" with { type: "text" };
import vectors from "../../kernels/matmul_tiled/vectors.wgsl" with { type: "text" };
import type { KernelParts, LinkedKernel } from "../gpu/kernel.ts";
import { linkOnce } from "./link_kernel.ts";
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

/** A kernel of products in tiles, its file `root` linked to an epilogue, and its constants. */
export function tiledMatmul(
  tile: MatmulTile,
  product: TiledProduct,
  root: string,
  epilogue: KernelParts,
): { source: LinkedKernel; constants: Record<string, number> } {
  const source = linkOnce(root, {
    loads: comesInVectors(product) ? vectors : scalars,
    "matmul_tiled/finish": finish,
    "matmul_tiled/sums": sums,
    ...epilogue,
  });
  const { transposeA, transposeB } = product;
  const alongK = { A_ALONG_K: transposeA ? 0 : 1, B_ALONG_K: transposeB ? 1 : 0 };
  return { source, constants: { ...tile.constants, ...alongK } };
}

/** Whether both operands are rows of whole vectors, and those along k are cut between them. */
function comesInVectors(
  { rows, cols, depth, transposeA, transposeB, range: { begin, end } }: TiledProduct,
): boolean {
  const alongK = !transposeA || transposeB;
  const sizes = [transposeA ? rows : depth, transposeB ? depth : cols];
  return [...sizes, ...(alongK ? [begin, end] : [])].every((n) => n % VECTOR === 0);
}
