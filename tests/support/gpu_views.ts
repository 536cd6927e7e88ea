import type { ViewParams } from "../../src/views/draw_view.ts";
import { normalizedLevels } from "../../src/views/normalize.ts";
import type { Raster } from "../../src/images/raster.ts";
import type { ViewSpec } from "../../src/views/view_spec.ts";
import { placeImage, recordWords, TAP_WORDS, viewRecords } from "../../src/views/view_table.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import type { ViewGroup } from "../../src/ops/view_table.ts";

/** A large blur: records have room for its weights. */
const SPEC = { gaussian_blur: { prob: 1, sigmas: [0, 27], blur_limit: 0 } } as unknown as ViewSpec;

/** Images and the views of each, of one size, in GPU memory. */
export interface UploadedViews {
  images: Tensor;
  levels: Tensor;
  group: ViewGroup;
  out: Tensor;
}

/** Uploads images one after another, and what was drawn for their views: `views[image][view]`. */
export function uploadViews(gpu: Gpu, images: Raster[], views: ViewParams[][]): UploadedViews {
  const words = recordWords([SPEC]);
  const { width, height, keep, normalize } = views[0][0];
  const [numImages, numViews] = [images.length, views[0].length];
  const crops = numImages * numViews;
  const tapWords = (width + height) * TAP_WORDS;
  const table = new Uint32Array(crops * words);
  const taps = new Uint32Array(crops * tapWords);
  const starts = images.map(() => 0);
  let bytes = 0;
  images.forEach(({ pixels }, i) => {
    starts[i] = bytes;
    bytes += Math.ceil(pixels.length / 4) * 4;
  });
  const all = new Uint8Array(bytes);
  images.forEach((image, i) => {
    all.set(image.pixels, starts[i]);
    const records = viewRecords(image, views[i], words);
    for (let view = 0; view < numViews; view++) {
      const crop = view * numImages + i;
      placeImage(records.table, view, words, starts[i]);
      table.set(records.table.subarray(view * words, (view + 1) * words), crop * words);
      taps.set(records.taps.subarray(view * tapWords, (view + 1) * tapWords), crop * tapWords);
    }
  });
  const { channels } = images[0];
  const levels = normalizedLevels(normalize, channels);
  return {
    images: gpu.upload([bytes / 4], new Uint32Array(all.buffer), "images"),
    levels: gpu.upload([channels, 256], levels, "levels"),
    group: {
      table: gpu.upload([crops, words], table, "view_table"),
      taps: gpu.upload([crops, width + height, TAP_WORDS], taps, "view_taps"),
      images: numImages,
      views: numViews,
      size: [height, width],
      channels,
      kept: keep.length,
    },
    out: gpu.empty([crops, keep.length, height, width], "views"),
  };
}

/** Samples of packed pixels, `[crops, height, width, channels]`. */
export function samplesOf(packed: ArrayBuffer, channels: number): Uint8Array {
  const words = new Uint32Array(packed);
  return Uint8Array.from(
    { length: words.length * channels },
    (_, i) => words[Math.floor(i / channels)] >>> (8 * (i % channels)),
  );
}

/** Packed pixels of an image, a word each. */
export function packed({ pixels, channels }: Raster): Uint32Array {
  return Uint32Array.from({ length: pixels.length / channels }, (_, i) => {
    let word = 0;
    for (let c = 0; c < channels; c++) word |= pixels[i * channels + c] << (8 * c);
    return word >>> 0;
  });
}
