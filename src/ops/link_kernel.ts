import cells from "../../kernels/parts/cells.wgsl" with { type: "text" };
import elem from "../../kernels/parts/elem.wgsl" with { type: "text" };
import fourRows from "../../kernels/parts/four_rows.wgsl" with { type: "text" };
import gelu from "../../kernels/parts/gelu.wgsl" with { type: "text" };
import headRows from "../../kernels/parts/head_rows.wgsl" with { type: "text" };
import logSumExp from "../../kernels/parts/log_sum_exp.wgsl" with { type: "text" };
import matmulParams from "../../kernels/parts/matmul_params.wgsl" with { type: "text" };
import rowSum from "../../kernels/parts/row_sum.wgsl" with { type: "text" };
import u64 from "../../kernels/parts/u64.wgsl" with { type: "text" };
import viewTable from "../../kernels/parts/view_table.wgsl" with { type: "text" };
import workgroupSum from "../../kernels/parts/workgroup_sum.wgsl" with { type: "text" };
import { type KernelParts, LinkedKernel } from "../gpu/kernel.ts";

/** What kernels share, by the path that they import it by. */
const PARTS: KernelParts = {
  "parts/cells": cells,
  "parts/elem": elem,
  "parts/four_rows": fourRows,
  "parts/gelu": gelu,
  "parts/head_rows": headRows,
  "parts/log_sum_exp": logSumExp,
  "parts/matmul_params": matmulParams,
  "parts/row_sum": rowSum,
  "parts/u64": u64,
  "parts/view_table": viewTable,
  "parts/workgroup_sum": workgroupSum,
};

/** A kernel that imports from `kernels/parts/`, and from files of its own. */
export function linkKernel(
  root: string,
  { files, ...conditions }: { files?: KernelParts; wide?: boolean; vectors?: boolean } = {},
): LinkedKernel {
  return new LinkedKernel(root, { ...PARTS, ...files }, conditions);
}

/** The same kernel for single elements and for eight at once (`parts/cells.wgsl`). */
export function linkForCells(root: string): Record<"narrow" | "wide", LinkedKernel> {
  return { narrow: linkKernel(root), wide: linkKernel(root, { wide: true }) };
}

/** Kernels that were linked, by the texts of their files. */
const linked = new Map<string, LinkedKernel>();

/** The same for the same files: for kernels put together when they are called for. */
export function linkOnce(root: string, files: KernelParts, wide = false): LinkedKernel {
  const key = [wide, root, ...Object.values(files)].join();
  const known = linked.get(key);
  if (known) return known;
  const kernel = linkKernel(root, { files, wide });
  linked.set(key, kernel);
  return kernel;
}
