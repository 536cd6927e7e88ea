import { checkOptions } from "../config/check_options.ts";
import { Gpu } from "../gpu/gpu.ts";
import { decodeImage } from "../images/decode.ts";
import { findImages } from "../images/find_images.ts";
import { type ImageSet, readImageBytes } from "../images/image_set.ts";
import type { Raster } from "../images/raster.ts";
import type { GalleryPicture, GalleryRow } from "../report/gallery.ts";
import { cropResize } from "../views/crop_resize.ts";
import { plainView } from "../views/plain_view.ts";
import { featureSettings } from "./eval_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { folderOf, imageFacts } from "./image_facts.ts";
import { collectVectors, type ImageVectors } from "./labelled_vectors.ts";
import { nearest, type Neighbours } from "./nearest.ts";
import { noneReadable } from "./none_readable.ts";
import { openBackbone } from "./open_backbone.ts";
import { type PictureReport, writeGallery } from "./gallery_file.ts";
import { type NeighbourInput, NeighbourOptions } from "./picture_options.ts";
import { refuseToReplace } from "./refuse_to_replace.ts";
import { someImages } from "./some_images.ts";

/** Side of an image in the picture, in pixels. */
const SIDE = 224;

/** What is compared, in words. */
const VECTORS = {
  cls: "class tokens",
  mean: "the means of patch tokens",
  "cls+mean": "class tokens and means of patch tokens",
  embedding: "embeddings",
};

/**
 * Draws images with those of a set that a model finds most like them.
 *
 * @example
 * ```ts
 * import { drawNeighbours } from "./draw_neighbours.ts";
 *
 * async function draw(run: string) {
 *   await drawNeighbours({ checkpoint: run, data: "photos", out: "neighbours.png", k: 8 });
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options; or if `out` is there already.
 * @throws {DataError} If no image can be read.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or a batch does not fit it.
 */
export async function drawNeighbours(
  options: NeighbourInput,
  hooks: EvalHooks = {},
): Promise<PictureReport> {
  const checked = checkOptions(NeighbourOptions, options);
  await refuseToReplace(checked);
  const images = await findImages(checked.data);
  const isOwn = checked.queries === null;
  const asked = checked.queries === null ? images : await findImages(checked.queries, "queries");
  const queries = someImages(asked, checked.images);
  const vectors = await vectorsOf(checked, images, queries, hooks);
  using gpu = await Gpu.open(checked);
  // An image of the set itself is its own nearest neighbour, and left out.
  const found = await nearest(gpu, vectors.queries, vectors.images, checked.k + (isOwn ? 1 : 0));
  const rows: GalleryRow[] = [];
  for (let query = 0; query < vectors.queries.indices.length; query++) {
    const at = vectors.queries.indices[query];
    const name = queries.names[at];
    const near = neighboursOf(found, query, vectors.images, images)
      .filter((each) => !isOwn || each.name !== name).slice(0, checked.k);
    const facts = await imageFacts(queries, at);
    const pictures = await picturesOf(images, near);
    rows.push({ name, label: "", facts, image: await squareOf(queries, at), pictures });
  }
  const among = vectors.images.indices.length;
  await writeGallery(checked.out, {
    title: `Nearest neighbours by ${checked.checkpoint}`,
    notes: [`Cosine similarity of ${VECTORS[checked.tokens]}, among ${among} images.`],
    imageTitle: "image",
    areMaps: false,
    rows,
  });
  const skipped = [...vectors.images.skipped, ...vectors.queries.skipped];
  const once = new Map(skipped.map((each) => [each.name, each])); // queries may be of the same set
  return { out: checked.out, images: rows.length, skipped: [...once.values()] };
}

interface Neighbour {
  index: number;
  name: string;
  similarity: number;
}

function neighboursOf(
  { k, indices, similarities }: Neighbours,
  query: number,
  vectors: ImageVectors,
  images: ImageSet,
): Neighbour[] {
  return Array.from({ length: k }, (_, i) => {
    const index = vectors.indices[indices[query * k + i]];
    return { index, name: images.names[index], similarity: similarities[query * k + i] };
  });
}

async function picturesOf(
  images: ImageSet,
  near: readonly Neighbour[],
): Promise<GalleryPicture[]> {
  const pictures: GalleryPicture[] = [];
  for (const [place, { index, name, similarity }] of near.entries()) {
    const shown = similarity.toFixed(3);
    pictures.push({
      title: `${place + 1}.`,
      label: `${shown} ${folderOf(name)}`,
      facts: [`similarity ${shown}`, ...await imageFacts(images, index), name],
      pixels: await squareOf(images, index),
    });
  }
  return pictures;
}

/** The middle of an image, for the picture alone. */
async function squareOf(images: ImageSet, index: number): Promise<Raster> {
  const image = await decodeImage(await readImageBytes(images.location(index)), 3);
  const args = {
    image_size: [SIDE, SIDE] as [number, number],
    num_channels: 3,
    normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
  const { box } = plainView(image, args, "crop");
  return cropResize(image, box, { width: SIDE, height: SIDE });
}

async function vectorsOf(
  options: NeighbourOptions,
  images: ImageSet,
  queries: ImageSet,
  { onImages, onDownload, onMessage }: EvalHooks,
) {
  using backbone = await openBackbone(options.checkpoint, {
    ...options,
    find: { onProgress: onDownload, onMessage },
  });
  const { model } = backbone;
  const settings = featureSettings(options, backbone);
  const total = images.names.length + queries.names.length;
  let done = 0;
  const count = (more: number) => onImages?.(done += more, total);
  const found = {
    images: await collectVectors(model, images, settings, count),
    queries: await collectVectors(model, queries, settings, count),
  };
  for (const { indices, skipped } of Object.values(found)) {
    if (indices.length === 0) throw noneReadable("draw", skipped);
  }
  return found;
}
