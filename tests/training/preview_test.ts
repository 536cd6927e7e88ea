import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { decodeImage } from "../../src/images/decode.ts";
import { DataError } from "../../src/images/errors.ts";
import { findImages } from "../../src/images/find_images.ts";
import type { RenderedItem } from "../../src/data/item.ts";
import { ViewLoader } from "../../src/data/loader.ts";
import { firstItems, type PreviewItem, previewOf } from "../../src/training/preview.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

/** Views so small that images of 40 pixels are halved before they are cut. */
const GRAY_AND_SMALL = {
  num_channels: 1,
  image_size: 8,
  random_resize: { min_scale: 0.9, max_scale: 1 },
  local_view: null,
};

async function withConfig(
  settings: Partial<TrainOptions>,
  body: (config: ReturnType<typeof resolveConfig>, data: string) => Promise<void>,
) {
  await withTinyRun(async (folder, data) => {
    await body(resolveConfig({ ...TINY_RUN, data, out: `${folder}/run`, ...settings }), data);
  }, 12);
}

/** The batch that a run begins with: names, and the views of each image. */
async function firstBatch(config: ReturnType<typeof resolveConfig>) {
  const loader = new ViewLoader({
    images: await findImages(config.data),
    seed: config.seed,
    batchSize: config.batch_size,
    numWorkers: 0,
    views: config.transform_args,
    maker: "workers",
    maxImageBytes: Infinity,
    prefetch: 0,
  });
  const { images, items } = await loader.next();
  loader.close();
  return { images, views: (items as RenderedItem[]).map(({ views }) => views) };
}

/** All views of an item, one after another, as the loader has them. */
function valuesOf({ views }: PreviewItem): Float32Array {
  return Float32Array.from(views.flatMap(({ values }) => [...values]));
}

Deno.test("firstItems() are the loader's first batch, bit for bit", () =>
  withConfig({ seed: 7, batch_size: 10 }, async (config) => {
    const batch = await firstBatch(config);
    const items = await firstItems(config, await findImages(config.data));
    equal(items.length, 8);
    deepEqual([items[0].width, items[0].small.width], [40, 40]); // larger than a view of 32
    deepEqual(items.map(({ name }) => name), batch.images.slice(0, 8));
    deepEqual(items.map(valuesOf), batch.views.slice(0, 8));
  }));

Deno.test("firstItems() are the loader's for grey images that are reduced first", () =>
  withConfig({ batch_size: 3, transform_args: GRAY_AND_SMALL }, async (config) => {
    const batch = await firstBatch(config);
    const items = await firstItems(config, await findImages(config.data));
    deepEqual(items.map(valuesOf), batch.views);
    deepEqual([items[0].width, items[0].small.channels], [40, 1]);
    deepEqual(items[0].views[0].values.length, 64);
  }));

Deno.test("firstItems() replace unreadable images as the loader does", () =>
  withConfig({ batch_size: 4 }, async (config, data) => {
    const images = await findImages(data);
    const [first, second, third] = (await firstBatch(config)).images;
    await writeFile(`${data}/${second}`, "broken");
    await writeFile(`${data}/${third}`, "broken");

    const batch = await firstBatch(config);
    const items = await firstItems(config, images);

    equal(items[0].name, first);
    deepEqual(items.map(({ name }) => name), batch.images);
    deepEqual(items.map(valuesOf), batch.views);
    const { errors } = await previewOf(config, images);
    deepEqual(errors.map(({ name }) => name), [second, third]);
    await rejects(
      firstItems({ ...config, data_errors: "fail" }, images),
      new DataError(
        `Cannot load batches: every image must be readable, got ${second}: Cannot decode image: ` +
          "file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got 6 bytes that start " +
          "with [62 72 6f 6b]; convert the file; or set data_errors=skip to leave such images out",
      ),
    );
  }));

Deno.test("firstItems() fail if no image can be read", () =>
  withConfig({}, async (config, data) => {
    const images = await findImages(data);
    for (const name of images.names) await writeFile(`${data}/${name}`, "broken");
    await rejects(firstItems(config, images), (error: Error) => {
      ok(error instanceof DataError);
      return error.message.startsWith(
        "Cannot load batches: at least one of 12 images must be readable, got none; the first, ",
      );
    });
  }));

Deno.test("previewOf() shows a row for each image, the same again for the same seed", () =>
  withConfig({ batch_size: 4 }, async (config, data) => {
    const images = await findImages(data);
    const { png, ...counts } = await previewOf(config, images);
    deepEqual(counts, { shown: 4, batchSize: 4, views: 4, errors: [] });
    deepEqual((await previewOf(config, images)).png, png);
    const { width, height } = await decodeImage(png);
    equal(width, 32 + 3 * (224 + 12) + 2 * 112 + 12 + 32);
    ok(height > 4 * 224);
  }));

Deno.test("previewOf() shows a part of many local views, and none where there are none", () =>
  withConfig({ batch_size: 2 }, async (config, data) => {
    const images = await findImages(data);
    const { transform_args: args } = config;
    const many = { ...args, local_view: { ...args.local_view!, num_views: 30 } };
    equal((await previewOf({ ...config, transform_args: many }, images)).views, 2 + 12);
    const none = { ...args, local_view: null };
    equal((await previewOf({ ...config, transform_args: none }, images)).views, 2);
  }));
