import type { ModelConfig } from "./model_config.ts";

/** Parameters of a backbone, the heads apart. */
export function parameterCount(model: ModelConfig): number {
  const { embedDim: dim, patchSize, inChans, depth } = model;
  const positions = 1 + (model.imgSize / patchSize) ** 2;
  const tokens = 1 + 1 + model.numRegisterTokens; // class token, mask token, registers
  const patchEmbed = linear(inChans * patchSize ** 2, dim);
  const norm = 2 * dim;
  return (tokens + positions) * dim + patchEmbed + depth * blockCount(model) + norm;
}

function blockCount({ embedDim: dim, ffnHidden, ffnLayer, layerScaleInit }: ModelConfig): number {
  const attention = linear(dim, 3 * dim) + linear(dim, dim);
  const wide = ffnLayer === "mlp" ? ffnHidden : 2 * ffnHidden; // SwiGLU has a gate beside it
  const feedForward = linear(dim, wide) + linear(ffnHidden, dim);
  const layerScales = layerScaleInit === null ? 0 : 2 * dim;
  const norms = 2 * 2 * dim;
  return attention + feedForward + layerScales + norms;
}

/** Weight and bias. */
function linear(inDim: number, outDim: number): number {
  return inDim * outDim + outDim;
}
