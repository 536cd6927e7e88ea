import type { ImageProblem, ImageSet } from "../images/image_set.ts";
import type { PlainLoaderOptions } from "../data/plain_loader.ts";
import type { Model } from "../inference/model.ts";
import type { EmbeddingLayer } from "../weights/embedding_layer.ts";
import type { z } from "../deps/zod.ts";
import { type featureFields, featureSettings } from "./eval_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { imageFeatures } from "./image_features.ts";
import { imageVectors, type TokenChoice, vectorWidth } from "./image_vectors.ts";
import type { LabelledImages } from "./labelled_sets.ts";
import type { Vectors } from "./nearest.ts";
import { noneReadable } from "./none_readable.ts";
import { openBackbone } from "./open_backbone.ts";

/** The vectors of the readable images of a set. */
export interface ImageVectors extends Vectors {
  /** Places of the images in their set. */
  indices: number[];
  skipped: ImageProblem[];
}

/**
 * A vector for every image of a set that can be read.
 *
 * @param onImages Told how many more images are done.
 */
export async function collectVectors(
  model: Model,
  images: ImageSet,
  options: PlainLoaderOptions & { tokens: TokenChoice; embedding?: EmbeddingLayer },
  onImages: (count: number) => void = () => {},
): Promise<ImageVectors> {
  const { tokens, embedding } = options;
  const means = { embedDim: model.config.embedDim, embedding };
  const width = vectorWidth(tokens, means);
  const all = new Float32Array(images.names.length * width);
  const indices: number[] = [];
  const skipped: ImageProblem[] = [...images.problems];
  for await (const batch of imageFeatures(model, images, options)) {
    all.set(imageVectors(batch.features, tokens, means), indices.length * width);
    indices.push(...batch.indices);
    skipped.push(...batch.errors.map(({ path, message }) => ({ name: path, message })));
    onImages(batch.indices.length + batch.errors.length);
  }
  return { values: all.subarray(0, indices.length * width), width, indices, skipped };
}

/** The vectors of the readable images of a set, and their classes. */
export interface LabelledVectors extends ImageVectors {
  labels: Uint32Array;
}

/** Vectors of each set that is there. */
type VectorsOf<Sets> = { [Key in keyof Sets]: LabelledVectors | Extract<Sets[Key], null> };

/**
 * Computes the vectors of the images of several sets.
 *
 * @param options Which model, and how images are loaded.
 * @param sets By what errors call them; null for one that is not there.
 * @throws {DataError} If no image of a set can be read.
 * @throws {CheckpointError} If there is no backbone to be read, or features are not finite.
 */
export async function labelledVectors<Sets extends Record<string, LabelledImages | null>>(
  options: z.output<z.ZodObject<typeof featureFields>>,
  sets: Sets,
  { onImages, onDownload, onMessage }: EvalHooks,
): Promise<{ found: VectorsOf<Sets>; imagesPerSecond: number }> {
  const find = { onProgress: onDownload, onMessage };
  using backbone = await openBackbone(options.checkpoint, { ...options, find });
  const settings = featureSettings(options, backbone);
  const total = Object.values(sets).reduce((sum, set) => sum + (set?.images.names.length ?? 0), 0);
  let done = 0;
  const count = (images: number) => onImages?.(done += images, total);
  const start = performance.now();
  const found: Record<string, LabelledVectors | null> = {};
  for (const [key, set] of Object.entries(sets)) {
    found[key] = null;
    if (set === null) continue;
    const { images, labels } = set;
    const vectors = await collectVectors(backbone.model, images, settings, count);
    const { indices, skipped } = vectors;
    if (indices.length === 0) throw noneReadable(`evaluate the images of ${key}`, skipped);
    found[key] = { ...vectors, labels: Uint32Array.from(indices, (index) => labels[index]) };
  }
  const imagesPerSecond = total / (performance.now() - start) * 1000;
  return { found: found as VectorsOf<Sets>, imagesPerSecond };
}
