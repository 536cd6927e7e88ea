import type { ModelConfig } from "../config/model_config.ts";
import { loadPlain } from "../data/plain_loader.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageProblem } from "../images/image_set.ts";
import type { Raster } from "../images/raster.ts";
import type { PassShape } from "../inference/forward_pass.ts";
import type { Model } from "../inference/model.ts";
import { denormalize } from "../views/normalize.ts";
import { featureSettings } from "./eval_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { imageFacts } from "./image_facts.ts";
import { noneReadable } from "./none_readable.ts";
import { openBackbone } from "./open_backbone.ts";
import type { SheetOptions } from "./picture_options.ts";
import { someImages } from "./some_images.ts";

/** An image as the network sees it, and what was found out about it. */
export interface SeenImage<Found> {
  name: string;
  /** What a page says of its file, a line each. */
  facts: string[];
  view: Raster;
  found: Found;
}

/** Images that a model has looked at. */
export interface SeenImages<Found> {
  /** At least one. */
  seen: SeenImage<Found>[];
  skipped: ImageProblem[];
  config: ModelConfig;
}

/**
 * Shows some images of a set to a model, one at a time: they may be large, and there are few.
 *
 * @param look What is found out about an image from its pixels, `[1, C, height, width]`.
 * @throws {DataError} If no image can be read.
 */
export async function seeImages<Found>(
  options: SheetOptions,
  { onImages, onDownload, onMessage }: EvalHooks,
  look: (model: Model, pixels: Float32Array, shape: PassShape, name: string) => Promise<Found>,
): Promise<SeenImages<Found>> {
  const images = someImages(await findImages(options.data), options.images);
  using backbone = await openBackbone(options.checkpoint, {
    ...options,
    find: { onProgress: onDownload, onMessage },
  });
  const { model, views } = backbone;
  const settings = { ...featureSettings(options, backbone), batchSize: 1 };
  const size = settings.views.image_size;
  const [height, width] = size;
  const seen: SeenImage<Found>[] = [];
  const skipped: ImageProblem[] = [...images.problems];
  let done = 0;
  for await (const { indices: [index], pixels, errors } of loadPlain(images, settings)) {
    onImages?.(++done, images.names.length);
    skipped.push(...errors.map(({ path, message }) => ({ name: path, message })));
    if (index === undefined) continue;
    const name = images.names[index];
    const found = await look(model, pixels, { images: 1, size }, name);
    const view = denormalize(pixels, { width, height }, views.normalize);
    seen.push({ name, facts: await imageFacts(images, index), view, found });
  }
  if (seen.length === 0) throw noneReadable("draw", skipped);
  return { seen, skipped, config: model.config };
}
