import type { ModelConfig } from "../config/model_config.ts";
import { CheckpointError } from "../safetensors.ts";
import type { BackboneWeights } from "./backbone_weights.ts";

/** The linear layer of `embed_dim` that a run may have on top of its backbone. */
export interface EmbeddingLayer {
  /** `[width, embedDim]` of the backbone. */
  weight: Float32Array;
  /** `[width]` */
  bias: Float32Array;
}

/**
 * Reads the layer on top of a backbone.
 *
 * @returns undefined if there is none.
 * @throws {CheckpointError} If it does not fit the backbone.
 */
export async function readEmbeddingLayer(
  weights: BackboneWeights,
  model: ModelConfig,
): Promise<EmbeddingLayer | undefined> {
  if (weights.embedShapes.size === 0) return undefined;
  checkEmbed(weights, model);
  return { weight: await weights.f32("embed.weight"), bias: await weights.f32("embed.bias") };
}

/** @throws {CheckpointError} If the layer on top does not fit the backbone. */
export function checkEmbed({ path, embedShapes }: BackboneWeights, model: ModelConfig): void {
  const weight = embedShapes.get("embed.weight") ?? [];
  const bias = embedShapes.get("embed.bias") ?? [];
  const [width, inputs] = weight;
  const fits = weight.length === 2 && inputs === model.embedDim && bias.join() === String(width);
  if (fits) return;
  throw new CheckpointError(
    `Cannot take embeddings of "${path}": embed.weight must have shape [n, ${model.embedDim}] and ` +
      `embed.bias [n], got [${weight.join(", ")}] and [${bias.join(", ")}]`,
  );
}

/**
 * The embeddings of images.
 *
 * @param clsTokens After the final norm, `[images, embedDim]`.
 * @returns `[images, width]`.
 */
export function embeddingsOf(
  clsTokens: Float32Array,
  { weight, bias }: EmbeddingLayer,
): Float32Array<ArrayBuffer> {
  const width = bias.length;
  const dim = weight.length / width;
  return Float32Array.from({ length: clsTokens.length / dim * width }, (_, i) => {
    const [token, row] = [Math.floor(i / width) * dim, (i % width) * dim];
    let sum = bias[i % width];
    for (let col = 0; col < dim; col++) sum += clsTokens[token + col] * weight[row + col];
    return sum;
  });
}
