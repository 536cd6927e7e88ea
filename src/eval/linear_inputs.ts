import type { Features } from "../inference/forward_pass.ts";
import { layerVectors } from "./image_vectors.ts";

/** What a classifier sees of an image: class tokens of the last blocks, and perhaps more. */
export interface LinearInputs {
  /** How many of the last blocks. */
  blocks: number;
  /** Whether the mean of the last block's patch tokens is beside them. */
  mean: boolean;
}

/** Numbers that a classifier sees, with that of {@linkcode withOne}. */
export function inputWidth({ blocks, mean }: LinearInputs, embedDim: number): number {
  return (blocks + (mean ? 1 : 0)) * embedDim + 1;
}

/**
 * What classifiers see of some images, as DINOv2's linear evaluation puts it together.
 *
 * @param layers Of the last blocks, at least as many as are seen.
 * @returns `[images, inputWidth]`: class tokens from the earliest block on, the mean, 1.
 */
export function linearInputs(
  layers: readonly Features[],
  { blocks, mean }: LinearInputs,
  embedDim: number,
): Float32Array<ArrayBuffer> {
  const values = layerVectors(layers.slice(-blocks), mean ? "cls+mean" : "cls", { embedDim });
  return withOne(values, inputWidth({ blocks, mean }, embedDim) - 1);
}

/** A 1 behind each row: its weight is the bias of a classifier. */
export function withOne(values: Float32Array, width: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length / width * (width + 1)).fill(1);
  for (let row = 0; row * width < values.length; row++) {
    out.set(values.subarray(row * width, (row + 1) * width), row * (width + 1));
  }
  return out;
}
