import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { decodeImage } from "../../src/data/decode.ts";
import { DataError } from "../../src/data/errors.ts";
import { findImages } from "../../src/data/find_images.ts";
import { type Batch, ViewLoader } from "../../src/data/loader.ts";
import { firstItems, previewOf } from "../../src/training/preview.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const [GLOBAL, LOCAL] = [3 * 32 * 32, 3 * 16 * 16];

async function withConfig(
  settings: Partial<TrainOptions>,
  body: (config: ReturnType<typeof resolveConfig>, data: string) => Promise<void>,
) {
  await withTinyRun(async (folder, data) => {
    await body(resolveConfig({ ...TINY_RUN, data, out: `${folder}/run`, ...settings }), data);
  }, 12);
}

/** The batch that a run begins with. */
async function firstBatch(config: ReturnType<typeof resolveConfig>): Promise<Batch> {
  const loader = new ViewLoader({
    images: await findImages(config.data),
    seed: config.seed,
    batchSize: config.batch_size,
    numWorkers: 0,
    views: config.transform_args,
    prefetch: 0,
  });
  const batch = await loader.next();
  loader.close();
  return batch;
}

/** Views of one image as they lie in a batch. */
function viewsOf({ globalViews, localViews }: Batch, b: number, batchSize: number): Float32Array[] {
  const part = (all: Float32Array, view: number, length: number) =>
    all.slice((view * batchSize + b) * length, (view * batchSize + b + 1) * length);
  return [
    ...[0, 1].map((view) => part(globalViews, view, GLOBAL)),
    ...[0, 1].map((view) => part(localViews, view, LOCAL)),
  ];
}

Deno.test("firstItems() are the loader's first batch, bit for bit", () =>
  withConfig({ seed: 7, batch_size: 10 }, async (config) => {
    const batch = await firstBatch(config);
    const items = await firstItems(config, await findImages(config.data));
    equal(items.length, 8);
    deepEqual([items[0].width, items[0].small.width], [40, 40]); // larger than a view of 32
    deepEqual(items.map(({ name }) => name), batch.images.slice(0, 8));
    for (const [b, { views }] of items.entries()) {
      deepEqual(views.map(({ values }) => values), viewsOf(batch, b, 10));
    }
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
    for (const [b, { views }] of items.entries()) {
      deepEqual(views.map(({ values }) => values), viewsOf(batch, b, 4));
    }
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
