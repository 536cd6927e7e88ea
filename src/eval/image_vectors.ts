import type { Features } from "../inference/forward_pass.ts";
import { type EmbeddingLayer, embeddingsOf } from "../weights/embedding_layer.ts";

/**
 * What an image is summed up by: class token, mean of the patch tokens, one after the other, or the
 * class token through the layer of `embed_dim`.
 */
export const TOKEN_CHOICES = ["cls", "mean", "cls+mean", "embedding"] as const;

/** What is kept of an image: one of {@linkcode TOKEN_CHOICES}, or every patch token. */
export const FEATURE_CHOICES = [...TOKEN_CHOICES, "patch"] as const;

/** One of {@linkcode FEATURE_CHOICES}. */
export type FeatureChoice = typeof FEATURE_CHOICES[number];

/** One of {@linkcode TOKEN_CHOICES}. */
export type TokenChoice = typeof TOKEN_CHOICES[number];

/** What vectors are made with. */
export interface VectorMeans {
  /** Width of a token. */
  embedDim: number;
  /** For "embedding" alone, which is of one layer. */
  embedding?: EmbeddingLayer;
}

/** Width of the vectors of {@linkcode imageVectors}; of several layers, of {@linkcode layerVectors}. */
export function vectorWidth(
  tokens: FeatureChoice,
  { embedDim, embedding }: VectorMeans,
  layers = 1,
): number {
  if (tokens === "embedding") return embedding!.bias.length;
  return (tokens === "cls+mean" ? layers + 1 : layers) * embedDim;
}

/**
 * One vector for each image.
 *
 * @returns `[images, vectorWidth]`.
 */
export function imageVectors(
  features: Features,
  tokens: TokenChoice,
  means: VectorMeans,
): Float32Array<ArrayBuffer> {
  return layerVectors([features], tokens, means);
}

/**
 * What the last blocks make of images, one after another along the width, the last block last: their
 * class tokens, means of patch tokens, or patch tokens. For "cls+mean" the class tokens of all are
 * followed by the mean of the last alone, as in DINOv2's linear evaluation.
 *
 * @param layers At least one.
 * @returns `[images, vectorWidth]`; for "patch" `[images, patches, vectorWidth]`.
 */
export function layerVectors(
  layers: readonly Features[],
  tokens: FeatureChoice,
  { embedDim, embedding }: VectorMeans,
): Float32Array<ArrayBuffer> {
  const clsTokens = layers.map(({ clsToken }) => clsToken);
  const mean = (each: Features) => patchMeans(each, embedDim);
  switch (tokens) {
    case "cls":
      return sideBySide(clsTokens, embedDim);
    case "mean":
      return sideBySide(layers.map(mean), embedDim);
    case "cls+mean":
      return sideBySide([...clsTokens, mean(layers[layers.length - 1])], embedDim);
    case "embedding":
      return embeddingsOf(clsTokens[clsTokens.length - 1], embedding!);
    case "patch":
      return sideBySide(layers.map(({ patchTokens }) => patchTokens), embedDim);
  }
}

/** Rows of one matrix, then those of the same place in the next: `[rows, width]` each. */
function sideBySide(matrices: readonly Float32Array[], width: number): Float32Array<ArrayBuffer> {
  const count = matrices.length;
  const out = new Float32Array(count * matrices[0].length);
  for (const [i, matrix] of matrices.entries()) {
    for (let row = 0; row * width < matrix.length; row++) {
      out.set(matrix.subarray(row * width, (row + 1) * width), (row * count + i) * width);
    }
  }
  return out;
}

/** The mean of the patch tokens of each image, `[images, embedDim]`. */
function patchMeans({ patchTokens, grid }: Features, embedDim: number): Float32Array {
  const patches = grid[0] * grid[1];
  const out = new Float32Array(patchTokens.length / patches);
  for (let at = 0; at < out.length; at++) {
    const first = Math.floor(at / embedDim) * patches * embedDim + at % embedDim;
    let sum = 0;
    for (let patch = 0; patch < patches; patch++) sum += patchTokens[first + patch * embedDim];
    out[at] = sum / patches;
  }
  return out;
}
