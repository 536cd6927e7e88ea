import type { ImageProblem, ImageSet } from "../images/image_set.ts";
import type { PlainLoaderOptions } from "../data/plain_loader.ts";
import type { Model } from "../inference/model.ts";
import { imageFeatures } from "./image_features.ts";
import { imageVectors, type TokenChoice, vectorWidth } from "./image_vectors.ts";
import type { Vectors } from "./nearest.ts";

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
  options: PlainLoaderOptions & { tokens: TokenChoice },
  onImages: (count: number) => void = () => {},
): Promise<ImageVectors> {
  const { embedDim } = model.config;
  const { tokens } = options;
  const width = vectorWidth(tokens, embedDim);
  const all = new Float32Array(images.names.length * width);
  const indices: number[] = [];
  const skipped: ImageProblem[] = [...images.problems];
  for await (const batch of imageFeatures(model, images, options)) {
    all.set(imageVectors(batch.features, tokens, embedDim), indices.length * width);
    indices.push(...batch.indices);
    skipped.push(...batch.errors.map(({ path, message }) => ({ name: path, message })));
    onImages(batch.indices.length + batch.errors.length);
  }
  return { values: all.subarray(0, indices.length * width), width, indices, skipped };
}
