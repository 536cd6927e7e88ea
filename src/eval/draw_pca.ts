import { checkOptions } from "../config/check_options.ts";
import type { GalleryRow } from "../report/gallery.ts";
import { assertFinite } from "./assert_finite.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { patchPictures } from "./patch_colors.ts";
import { type PictureReport, writeGallery } from "./gallery_file.ts";
import { type PcaInput, PcaOptions } from "./picture_options.ts";
import { refuseToReplace } from "./refuse_to_replace.ts";
import { seeImages } from "./seen_images.ts";

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
 * @param options `out` ends in `.png` for a picture, in `.html` for a page.
 * @throws {ConfigError} Lists every problem of the options; or if `out` is there already.
 * @throws {DataError} If no image can be read.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or an image does not fit it.
 */
export async function drawPca(options: PcaInput, hooks: EvalHooks = {}): Promise<PictureReport> {
  const checked = checkOptions(PcaOptions, options);
  await refuseToReplace(checked);
  const { seen, skipped, config } = await seeImages(
    checked,
    hooks,
    async (model, pixels, shape, name) => {
      const features = await model.forwardFeatures(pixels, shape);
      assertFinite(features, [name]);
      return features;
    },
  );
  const pictures = patchPictures(
    joined(seen.map(({ found }) => found.patchTokens)),
    config.embedDim,
    seen[0].found.grid,
    checked,
  );
  const rows = seen.map(({ name, facts, view }, i): GalleryRow => {
    const label = checked.foreground
      ? `${(100 * pictures[i].foreground).toFixed(0)} % foreground`
      : "";
    const picture = { title: "patches", label: "", facts: label === "" ? [] : [label] };
    const pixels = pictures[i].colors;
    return { name, label, facts, image: view, pictures: [{ ...picture, pixels }] };
  });
  await writeGallery(checked.out, {
    title: `Patch tokens of ${checked.checkpoint}`,
    notes: [noteOf(checked)],
    imageTitle: "image",
    areMaps: true,
    rows,
  });
  return { out: checked.out, images: seen.length, skipped };
}

function noteOf({ foreground }: PcaOptions): string {
  const whose = foreground ? "the foreground's" : "all";
  return `The first three principal components of ${whose} patches as red, green and blue: the ` +
    "same color means the same, in every image." +
    (foreground ? " Dark is the background: what the first component tells from it." : "");
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
