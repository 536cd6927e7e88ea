import { checkOptions } from "../config/check_options.ts";
import type { ModelConfig } from "../config/model_config.ts";
import type { ClassAttention } from "../inference/attention_pass.ts";
import { heatMap, rampImage } from "../report/color_ramp.ts";
import type { GalleryPicture } from "../report/gallery.ts";
import { assertAllFinite } from "./assert_finite.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { type PictureReport, writeGallery } from "./gallery_file.ts";
import { type AttentionInput, AttentionOptions } from "./picture_options.ts";
import { refuseToReplace } from "./refuse_to_replace.ts";
import { seeImages } from "./seen_images.ts";

/**
 * Draws what the class token attends to in images: a map for each head of one block, and their mean.
 *
 * @example
 * ```ts
 * import { drawAttention } from "./draw_attention.ts";
 *
 * async function draw(run: string) {
 *   await drawAttention({ checkpoint: run, data: "photos", out: "attention.html" });
 * }
 * ```
 *
 * @param options `out` ends in `.png` for a picture, in `.html` for a page; `block` is the last
 * unless one is named.
 * @throws {ConfigError} Lists every problem of the options; or if `out` is there already.
 * @throws {DataError} If no image can be read.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or an image does not fit it.
 */
export async function drawAttention(
  options: AttentionInput,
  hooks: EvalHooks = {},
): Promise<PictureReport> {
  const checked = checkOptions(AttentionOptions, options);
  await refuseToReplace(checked);
  const { block } = checked;
  const { seen, skipped, config } = await seeImages(
    checked,
    hooks,
    async (model, pixels, shape, name) => {
      const attention = await model.classAttention(pixels, shape, { block });
      assertAllFinite(attention.weights, [name]);
      return attention;
    },
  );
  await writeGallery(checked.out, {
    title: `Attention of the class token of ${checked.checkpoint}`,
    notes: [noteOf(config, block, seen[0].found)],
    imageTitle: "image",
    areMaps: true,
    legend: { ramp: rampImage(), least: "none", most: "the most of each map" },
    rows: seen.map(({ name, facts, view, found }) => {
      return { name, label: "", facts, image: view, pictures: mapsOf(found, config.numHeads) };
    }),
  });
  return { out: checked.out, images: seen.length, skipped };
}

function noteOf(config: ModelConfig, block: number | null, { grid }: ClassAttention): string {
  const last = config.depth - 1;
  const tokens = 1 + config.numRegisterTokens + grid[0] * grid[1];
  return `How much the class token attends to each patch in block ${block ?? last} of 0 to ` +
    `${last}: head by head, and on average. The most that a patch gets is below each map, and ` +
    `what all patches get; the rest is the class token's own${
      config.numRegisterTokens > 0 ? " and the registers'" : ""
    }. Spread evenly, each of the ${tokens} tokens would get ${percent(1 / tokens)}.`;
}

/** The mean over the heads, then the heads. */
function mapsOf({ weights, grid }: ClassAttention, numHeads: number): GalleryPicture[] {
  const patches = grid[0] * grid[1];
  const heads = Array.from(
    { length: numHeads },
    (_, head) => weights.subarray(head * patches, (head + 1) * patches),
  );
  const mean = Float32Array.from(
    { length: patches },
    (_, patch) => heads.reduce((sum, head) => sum + head[patch], 0) / numHeads,
  );
  return [mean, ...heads].map((map, i): GalleryPicture => {
    const most = map.reduce((a, b) => Math.max(a, b));
    const facts = [`most ${percent(most)}`, `patches ${percent(map.reduce((a, b) => a + b))}`];
    return {
      title: i === 0 ? "mean" : `head ${i}`,
      label: facts.map((fact) => fact.replaceAll(" ", "\u00a0")).join(", "),
      facts,
      pixels: heatMap(map, grid, most),
    };
  });
}

/** With two places what is small, with one what is not. */
function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
