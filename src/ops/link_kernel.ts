import elem from "../../kernels/parts/elem.wgsl" with { type: "text" };
import logSumExp from "../../kernels/parts/log_sum_exp.wgsl" with { type: "text" };
import rowSum from "../../kernels/parts/row_sum.wgsl" with { type: "text" };
import viewTable from "../../kernels/parts/view_table.wgsl" with { type: "text" };
import workgroupSum from "../../kernels/parts/workgroup_sum.wgsl" with { type: "text" };
import { type KernelParts, LinkedKernel } from "../gpu/kernel.ts";

/** What kernels share, by the path that they import it by. */
const PARTS: KernelParts = {
  "parts/elem": elem,
  "parts/log_sum_exp": logSumExp,
  "parts/row_sum": rowSum,
  "parts/view_table": viewTable,
  "parts/workgroup_sum": workgroupSum,
};

/** A kernel that imports from `kernels/parts/`. */
export function linkKernel(root: string): LinkedKernel {
  return new LinkedKernel(root, PARTS);
}
