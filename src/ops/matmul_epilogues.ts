import add from "../../kernels/matmul_epilogues/add.wgsl" with { type: "text" };
import bias from "../../kernels/matmul_epilogues/bias.wgsl" with { type: "text" };
import biasGelu from "../../kernels/matmul_epilogues/bias_gelu.wgsl" with { type: "text" };
import biasGeluKeep from "../../kernels/matmul_epilogues/bias_gelu_keep.wgsl" with { type: "text" };
import biasResidual from "../../kernels/matmul_epilogues/bias_residual.wgsl" with { type: "text" };
import biasResidualKeep from "../../kernels/matmul_epilogues/bias_residual_keep.wgsl" with {
  type: "text",
};
import geluBackward from "../../kernels/matmul_epilogues/gelu_backward.wgsl" with { type: "text" };
import places from "../../kernels/matmul_epilogues/places.wgsl" with { type: "text" };
import store from "../../kernels/matmul_epilogues/store.wgsl" with { type: "text" };
import stream from "../../kernels/matmul_epilogues/stream.wgsl" with { type: "text" };
import type { KernelParts } from "../gpu/kernel.ts";

/** What becomes of a product, by the names of files of `kernels/matmul_epilogues/`. */
export type Epilogue =
  | "store"
  | "add"
  | "bias"
  | "bias_gelu"
  | "bias_gelu_keep"
  | "bias_residual"
  | "bias_residual_keep"
  | "gelu_backward";

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

/** What a kernel is linked to for an epilogue, element by element. */
export function epilogueFiles(name: Epilogue): KernelParts {
  return {
    epilogue: EPILOGUES[name],
    "matmul_epilogues/places": places,
    "matmul_epilogues/stream": stream,
  };
}
