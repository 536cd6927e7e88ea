import type { AdapterFacts } from "../gpu/device.ts";

/** Elements that kernels for software adapters load and store at once: parts/wide_cells.wgsl. */
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
