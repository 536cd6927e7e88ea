import { checkOptions } from "../config/check_options.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageProblem } from "../images/image_set.ts";
import type { Raster } from "../images/raster.ts";
import { type SheetRow, viewSheet } from "../report/view_sheet.ts";
import { denormalize } from "../views/normalize.ts";
import { loadPlain } from "../data/plain_loader.ts";
import { assertFinite } from "./assert_finite.ts";
import { featureSettings, type PcaInput, PcaOptions } from "./eval_options.ts";
import type { EvalHooks } from "./evaluate_knn.ts";
import { noneReadable } from "./none_readable.ts";
import { openBackbone } from "./open_backbone.ts";
import { patchPictures } from "./patch_colors.ts";
import { writePicture } from "./picture_file.ts";
import { refuseToReplace } from "./refuse_to_replace.ts";
import { someImages } from "./some_images.ts";

/** What was drawn. */
export interface PictureReport {
  out: string;
  /** Images it shows. */
  images: number;
  skipped: ImageProblem[];
}

/** An image as the network sees it, and its patch tokens. */
interface SeenImage {
  name: string;
  view: Raster;
  tokens: Float32Array;
  grid: readonly [number, number];
}

/**
 * Draws what a model makes of images: the first three principal components of their patch tokens
 * as colors, beside the images.
 *
 * @example
 * ```ts
 * import { drawPca } from "./draw_pca.ts";
 *
 * async function draw(run: string) {
 *   await drawPca({ checkpoint: run, data: "photos", out: "pca.png", image_size: 448 });
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options; or if `out` is there already.
 * @throws {DataError} If no image can be read.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or an image does not fit it.
 */
export async function drawPca(
  options: PcaInput,
  hooks: Omit<EvalHooks, "onImages"> = {},
): Promise<PictureReport> {
  const checked = checkOptions(PcaOptions, options);
  await refuseToReplace(checked);
  const { seen, skipped, width, patchSize } = await lookAt(checked, hooks);
  if (seen.length === 0) throw noneReadable("draw", skipped);
  const all = new Float32Array(seen.reduce((sum, { tokens }) => sum + tokens.length, 0));
  let at = 0;
  for (const { tokens } of seen) {
    all.set(tokens, at);
    at += tokens.length;
  }
  const pictures = patchPictures(all, width, seen[0].grid, checked);
  const rows = seen.map(({ name, view }, i): SheetRow => ({
    name,
    note: checked.foreground ? `${(100 * pictures[i].foreground).toFixed(0)} % foreground` : "",
    source: view,
    views: [{ pixels: enlarged(pictures[i].colors, patchSize), label: "" }],
  }));
  const png = viewSheet(rows, {
    title: `Patch tokens of ${checked.checkpoint}`,
    notes: [
      `The first three principal components of ${
        checked.foreground ? "the foreground's" : "all"
      } ` +
      "patches as red, green and blue: the same color means the same, in every image." +
      (checked.foreground
        ? " Dark is the background: what the first component tells from it."
        : ""),
    ],
    columns: ["image", "patches"],
  });
  await writePicture(checked.out, png);
  return { out: checked.out, images: seen.length, skipped };
}

async function lookAt(
  options: PcaOptions,
  { onDownload, onMessage }: Omit<EvalHooks, "onImages">,
) {
  using backbone = await openBackbone(options.checkpoint, {
    ...options,
    find: { onProgress: onDownload, onMessage },
  });
  const { model, views } = backbone;
  const images = someImages(await findImages(options.data), options.images);
  // One at a time: images may be large, and there are few.
  const settings = { ...featureSettings(options, backbone), batchSize: 1 };
  const size = settings.views.image_size;
  const seen: SeenImage[] = [];
  const skipped: ImageProblem[] = [...images.problems];
  for await (const { indices: [index], pixels, errors } of loadPlain(images, settings)) {
    skipped.push(...errors.map(({ path, message }) => ({ name: path, message })));
    if (index === undefined) continue;
    const features = await model.forwardFeatures(pixels, { images: 1, size });
    assertFinite(features, [images.names[index]]);
    const { patchTokens, grid } = features;
    const [height, width] = size;
    const view = denormalize(pixels, { width, height }, views.normalize);
    seen.push({ name: images.names[index], view, tokens: patchTokens, grid });
  }
  return { seen, skipped, width: model.config.embedDim, patchSize: model.config.patchSize };
}

/** Each pixel as a square of `factor` pixels. */
function enlarged({ width, height, channels, pixels }: Raster, factor: number): Raster {
  const [wide, high] = [width * factor, height * factor];
  const out = new Uint8Array(wide * high * channels);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
      out.set(pixels.subarray(from, from + channels), (y * wide + x) * channels);
    }
  }
  return { width: wide, height: high, channels, pixels: out };
}
