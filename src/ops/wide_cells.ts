import type { AdapterFacts } from "../gpu/device.ts";
import type { LinkedKernel } from "../gpu/kernel.ts";

/** Elements of a wide cell of parts/cells.wgsl. */
export const CELL = 8;

/** Lanes of a workgroup of these kernels, which must be a subgroup. */
const LANES = 8;

/** Whether an adapter can move tensors whose rows have such lengths eight elements at once. */
export function hasWideCells(
  { kernels, subgroupSize, shaderInt64 }: AdapterFacts,
  ...lengths: number[]
): boolean {
  return kernels === "cpu" && subgroupSize === LANES && shaderInt64 &&
    lengths.every((length) => length % CELL === 0);
}

/** Columns of a workgroup of {@linkcode columnKernel}: few, so that a small width makes several. */
export const COLUMNS = 64;

/** A kernel with a lane for each cell of a row, which are wide where rows of `length` allow it. */
export function columnKernel(
  adapter: AdapterFacts,
  length: number,
  { narrow, wide }: Record<"narrow" | "wide", LinkedKernel>,
): { source: LinkedKernel; constants: { WORKGROUP_SIZE: number } } {
  return hasWideCells(adapter, length)
    ? { source: wide, constants: { WORKGROUP_SIZE: COLUMNS / CELL } }
    : { source: narrow, constants: { WORKGROUP_SIZE: COLUMNS } };
}
