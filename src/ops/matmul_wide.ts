import root from "../../kernels/matmul_wide.wgsl" with { type: "text" };
import add from "../../kernels/matmul_wide/add.wgsl" with { type: "text" };
import alongK from "../../kernels/matmul_wide/along_k.wgsl" with { type: "text" };
import alongRows from "../../kernels/matmul_wide/along_rows.wgsl" with { type: "text" };
import bias from "../../kernels/matmul_wide/bias.wgsl" with { type: "text" };
import biasGelu from "../../kernels/matmul_wide/bias_gelu.wgsl" with { type: "text" };
import biasGeluKeep from "../../kernels/matmul_wide/bias_gelu_keep.wgsl" with { type: "text" };
import biasResidual from "../../kernels/matmul_wide/bias_residual.wgsl" with { type: "text" };
import biasResidualKeep from "../../kernels/matmul_wide/bias_residual_keep.wgsl" with {
  type: "text",
};
import columns from "../../kernels/matmul_wide/columns.wgsl" with { type: "text" };
import geluBackward from "../../kernels/matmul_wide/gelu_backward.wgsl" with { type: "text" };
import store from "../../kernels/matmul_wide/store.wgsl" with { type: "text" };
import stream from "../../kernels/matmul_wide/stream.wgsl" with { type: "text" };
import tile from "../../kernels/matmul_wide/tile.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import type { LinkedKernel } from "../gpu/kernel.ts";
import { linkOnce } from "./link_kernel.ts";
import type { Epilogue } from "./matmul_epilogues.ts";
import { CELL } from "./wide_cells.ts";

const EPILOGUES: Record<Epilogue, string> = {
  store,
  add,
  bias,
  bias_gelu: biasGelu,
  bias_gelu_keep: biasGeluKeep,
  bias_residual: biasResidual,
  bias_residual_keep: biasResidualKeep,
  gelu_backward: geluBackward,
};

const SUMS = { along_k: alongK, along_rows: alongRows };

/** Outputs of a workgroup. */
const TILE = { tileRows: 32, tileCols: 64 };

/** A kernel that {@linkcode wideMatmul} chose, with the outputs of a workgroup. */
interface WideKernel {
  source: LinkedKernel;
  constants: Record<string, number>;
  tileRows: number;
  tileCols: number;
}

/**
 * The kernel of a product in cells of 8 elements, on an adapter with 64-bit integers; null where its
 * rows, or the part of the depth that is summed, are no multiples of 8.
 */
export function wideMatmul(
  { shaderInt64 }: AdapterFacts,
  { rows, cols, depth, entryPoint, transposeA, transposeB }: {
    rows: number;
    cols: number;
    depth: number;
    entryPoint: Epilogue;
    transposeA?: boolean;
    transposeB?: boolean;
  },
  { begin, end }: { begin: number; end: number },
): WideKernel | null {
  const axes = transposeA ? [rows, cols] : [depth, begin, end, cols];
  if (!shaderInt64 || (transposeA && transposeB) || axes.some((n) => n % CELL !== 0)) return null;
  return {
    ...TILE,
    source: link(transposeA ? "along_rows" : "along_k", entryPoint),
    constants: transposeA ? {} : { B_ALONG_K: transposeB ? 1 : 0 },
  };
}

function link(sums: keyof typeof SUMS, epilogue: Epilogue): LinkedKernel {
  const files = {
    sums: SUMS[sums],
    epilogue: EPILOGUES[epilogue],
    "matmul_wide/columns": columns,
    "matmul_wide/stream": stream,
    "matmul_wide/tile": tile,
  };
  return linkOnce(root, files, true);
}
