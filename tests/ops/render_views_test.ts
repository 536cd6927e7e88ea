import { deepEqual } from "node:assert/strict";
import { drawViewParams, type ViewParams } from "../../src/views/draw_view.ts";
import type { Raster } from "../../src/images/raster.ts";
import { renderView } from "../../src/views/render_view.ts";
import {
  DEFAULT_TRANSFORM_ARGS,
  type TransformArgs,
  viewSpecs,
} from "../../src/views/view_spec.ts";
import { NO_IMAGE } from "../../src/views/view_table.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { renderViews } from "../../src/ops/render_views.ts";
import { randomStream } from "../../src/random.ts";
import { AS_PIXELS } from "../../src/golden/unchanged_view.ts";
import { uploadViews } from "../support/gpu_views.ts";
import { noiseImage } from "../support/noise_image.ts";
import { assertSamples } from "../support/samples.ts";

/** Small views of the default recipe, rotated too, with pixels from 0 to 255. */
const RECIPE: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [45, 67],
  random_rotation: { prob: 0.5, degrees: 90 },
  normalize: AS_PIXELS,
};

const ALL_CHANGES = { rotates: true, changesColor: true };

/** What the worker threads make, view by view: `[views, images, ...]`. */
function onHost(images: Raster[], views: ViewParams[][]): Float32Array[] {
  return views[0].flatMap((_, view) =>
    images.map((image, i) => {
      const { keep, width, height } = views[i][view];
      const out = new Float32Array(keep.length * width * height);
      renderView(image, views[i][view], out);
      return out;
    })
  );
}

Deno.test("renderViews() makes the views of the worker threads", async (t) => {
  using gpu = await Gpu.open();
  const recipes: Record<string, TransformArgs> = {
    "of the default recipe": RECIPE,
    "of one channel": { ...RECIPE, num_channels: 1 },
    "of three of four channels": {
      ...RECIPE,
      num_channels: 4,
      channel_drop: { num_channels_keep: 3, weight_drop: [1, 1, 0, 1] },
    },
  };
  for (const [name, args] of Object.entries(recipes)) {
    await t.step(name, async () => {
      const images = [[61, 45], [200, 31], [90, 150]].map(([width, height], i) =>
        noiseImage(width, height, i, args.num_channels)
      );
      const specs = viewSpecs(args).globals;
      const views = images.map((image, i) =>
        specs.map((spec, view) => drawViewParams(randomStream(3, "views", i, view), image, spec))
      );
      const uploaded = uploadViews(gpu, images, views);
      const { group, levels, out } = uploaded;
      renderViews(gpu, uploaded.images, levels, group, out, ALL_CHANGES);
      const actual = await gpu.download(out);
      const expected = onHost(images, views).flatMap((view) => [...view]);
      assertSamples(actual, expected, { levels: 4 });
    });
  }
});

Deno.test("renderViews() leaves a view without an image as it is", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(30, 30);
  const specs = viewSpecs(RECIPE).globals;
  const draw = () =>
    specs.map((spec, view) => drawViewParams(randomStream(0, "views", view), image, spec));
  const uploaded = uploadViews(gpu, [image, image], [draw(), draw()]);
  const { group, levels, out } = uploaded;
  const [crops, words] = group.table.shape;
  const table = new Uint32Array(await gpu.downloadBytes(group.table));
  for (const crop of [1, 2]) table[crop * words] = NO_IMAGE;
  gpu.write(group.table, table);
  const length = 3 * 45 * 67;
  gpu.write(out, new Float32Array(crops * length).fill(-7));
  renderViews(gpu, uploaded.images, levels, group, out, ALL_CHANGES);
  const views = await gpu.download(out);
  const untouched = Array.from(
    { length: crops },
    (_, crop) => views.subarray(crop * length, (crop + 1) * length).every((value) => value === -7),
  );
  deepEqual(untouched, [false, true, true, false]);
});
