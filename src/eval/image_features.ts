import { loadPlain, type PlainLoaderOptions } from "../data/plain_loader.ts";
import type { ImageSet } from "../images/image_set.ts";
import type { Features } from "../inference/forward_pass.ts";
import type { Model } from "../inference/model.ts";
import { assertFinite } from "./assert_finite.ts";
import type { FeatureChoice } from "./image_vectors.ts";

/** Features of some images of a set. */
export interface FeatureBatch {
  /** Places of the images in their set. */
  indices: number[];
  features: Features;
  /** The same for each of the last blocks that are asked for; `features` are those of the last. */
  layers: Features[];
  /** Images that cannot be read, which are left out. */
  errors: { index: number; path: string; message: string }[];
}

/**
 * The tokens of all images of a set from `start` on, batch after batch in their order; the next
 * images are decoded while the network looks at these.
 *
 * @param options `layers` is of how many of the last blocks, 1 if left out.
 * @throws {CheckpointError} If features are not finite.
 * @throws {ShapeError} If `views.image_size` is not whole patches of the model.
 * @throws {GpuError} If a batch does not fit the adapter.
 */
export async function* imageFeatures(
  model: Model,
  images: ImageSet,
  options: PlainLoaderOptions & { tokens: FeatureChoice; layers?: number },
): AsyncGenerator<FeatureBatch> {
  const size = options.views.image_size;
  for await (const { indices, pixels, errors } of loadPlain(images, options)) {
    if (indices.length === 0) {
      yield { indices, features: NO_FEATURES, layers: [], errors };
      continue;
    }
    const shape = { images: indices.length, size };
    const patches = patchesFor(options.tokens);
    const layers = await model.getIntermediateLayers(pixels, shape, { n: options.layers, patches });
    const names = indices.map((index) => images.names[index]);
    for (const each of layers) assertFinite(each, names);
    yield { indices, features: layers[layers.length - 1], layers, errors };
  }
}

/** Of which blocks patch tokens are needed. */
export function patchesFor(tokens: FeatureChoice): boolean | "last" {
  return tokens === "cls+mean" ? "last" : tokens !== "cls" && tokens !== "embedding";
}

const NONE = new Float32Array();
const NO_FEATURES: Features = {
  clsToken: NONE,
  regTokens: NONE,
  patchTokens: NONE,
  grid: [0, 0],
};
