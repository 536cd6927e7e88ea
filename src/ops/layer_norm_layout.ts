import kernelOfRows from "../../kernels/layer_norm.wgsl" with { type: "text" };
import kernelOfSubgroups from "../../kernels/layer_norm_subgroup.wgsl" with { type: "text" };
import kernelOfCells from "../../kernels/layer_norm_wide.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import type { KernelSource } from "../gpu/kernel.ts";
import type { Variant } from "../gpu/recorder.ts";
import { linkKernel } from "./link_kernel.ts";
import { hasWideCells } from "./wide_cells.ts";

/** One of the kernels of layer norm, and how many lanes it gets. */
interface Launch {
  kernel: "layer_norm" | "layer_norm_subgroup" | "layer_norm_wide";
  source: KernelSource;
  constants: Record<string, number>;
}

/** How rows are shared out among workgroups. */
export interface LayerNormLayout extends Launch, Variant {
  rowsAtOnce: number;
}

/** Without lanes of its own: a subgroup of 8 takes 4 rows, or 64 columns. */
const WIDE: Launch = {
  kernel: "layer_norm_wide",
  source: linkKernel(kernelOfCells, { wide: true }),
  constants: {},
};

const ROW_SOURCE = linkKernel(kernelOfRows);
const SUBGROUP_SOURCE = linkKernel(kernelOfSubgroups);

/** Lanes of a workgroup whose subgroups take rows: as many as the largest subgroup has, or two. */
const SUBGROUP_LANES = [128, 256];

/** Lanes of a sum over columns: few, so that a small width still makes several workgroups. */
const COLUMN_LANES = 64;

/** How rows of so many numbers may be shared out, the built-in way first. */
export function layerNormLayouts(adapter: AdapterFacts, dim: number): LayerNormLayout[] {
  const { kernels, subgroupSize } = adapter;
  if (hasWideCells(adapter, dim)) return [{ ...WIDE, name: "four rows", rowsAtOnce: 4 }];
  // Barriers are dear on software adapters, idle lanes everywhere.
  if (kernels === "cpu") return [rowPerWorkgroup(subgroupSize || 8)];
  const byWorkgroup = rowPerWorkgroup(dim <= 64 ? 64 : dim <= 512 ? 128 : 256);
  if (subgroupSize === 0 || dim % 4 !== 0) return [byWorkgroup];
  return [...SUBGROUP_LANES.map((lanes) => rowPerSubgroup(lanes, subgroupSize)), byWorkgroup];
}

/** How sums over the rows are made: 64 columns for each workgroup. */
export function layerNormColumns(adapter: AdapterFacts, dim: number): Launch & { columns: 64 } {
  const launch = hasWideCells(adapter, dim) ? WIDE : rowPerWorkgroup(COLUMN_LANES);
  return { ...launch, columns: COLUMN_LANES };
}

function rowPerWorkgroup(lanes: number): LayerNormLayout {
  return {
    name: `row per ${lanes} lanes`,
    kernel: "layer_norm",
    source: ROW_SOURCE,
    constants: { WORKGROUP_SIZE: lanes },
    rowsAtOnce: 1,
  };
}

function rowPerSubgroup(lanes: number, subgroupSize: number): LayerNormLayout {
  return {
    name: `row per subgroup, ${lanes} lanes`,
    kernel: "layer_norm_subgroup",
    source: SUBGROUP_SOURCE,
    constants: { WORKGROUP_SIZE: lanes },
    rowsAtOnce: lanes / subgroupSize,
  };
}
