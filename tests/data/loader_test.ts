import { deepEqual, equal, notDeepEqual, ok, rejects, throws } from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_TRANSFORM_ARGS, type TransformArgs } from "../../src/views/view_spec.ts";
import { encodePng } from "../../src/images/encode.ts";
import { DataError } from "../../src/images/errors.ts";
import { findImages } from "../../src/images/find_images.ts";
import type { DrawnItem, RenderedItem } from "../../src/data/item.ts";
import { type Batch, ViewLoader, type ViewLoaderOptions } from "../../src/data/loader.ts";
import { drawTexture } from "../../src/demo/textures.ts";
import { randomStream } from "../../src/random.ts";
import { tarFile } from "../support/tar_files.ts";

const VIEWS: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [12, 16],
  local_view: { ...DEFAULT_TRANSFORM_ARGS.local_view!, num_views: 3, view_size: [8, 6] },
};

const GLOBAL = 3 * 12 * 16; // floats of a global view

/** The views of one image of a batch. */
function viewsOf(batch: Batch, image: number): Float32Array {
  return (batch.items[image] as RenderedItem).views;
}

/** Runs a test on a folder of seven small images. */
async function withImages(
  test: (options: Omit<ViewLoaderOptions, "numWorkers">, root: string) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "loader-"));
  try {
    for (let i = 0; i < 7; i++) {
      await writeFile(
        join(root, `${i}.png`),
        encodePng(drawTexture(randomStream(i, "image"), "dots", 24)),
      );
    }
    const images = await findImages(root);
    await test(
      { images, seed: 5, batchSize: 3, views: VIEWS, maker: "workers", maxImageBytes: 1e9 },
      root,
    );
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Packs the files of a folder into a shard outside of their order; returns its path. */
async function writeShard(root: string): Promise<string> {
  const names = ["3.png", "0.png", "5.png", "1.png", "2.png", "4.png", "6.png"];
  const entries = names.map(async (name) => ({ name, data: await readFile(join(root, name)) }));
  await writeFile(join(root, "s.tar"), tarFile(await Promise.all(entries)));
  return join(root, "s.tar");
}

async function take(options: ViewLoaderOptions, count: number): Promise<Batch[]> {
  const loader = new ViewLoader(options);
  try {
    const batches: Batch[] = [];
    for (let i = 0; i < count; i++) batches.push({ ...await loader.next(), waitMs: 0 });
    return batches;
  } finally {
    loader.close();
  }
}

Deno.test("ViewLoader gives the same batches with no, one, two and five workers", () =>
  withImages(async (options) => {
    const [here, one, two, five] = await Promise.all(
      [0, 1, 2, 5].map((numWorkers) => take({ ...options, numWorkers }, 5)),
    );
    deepEqual(one, here);
    deepEqual(two, here);
    deepEqual(five, here);
    const [batch] = here;
    for (let i = 0; i < 3; i++) {
      equal(viewsOf(batch, i).length, 2 * GLOBAL + 3 * 3 * 8 * 6);
      ok(viewsOf(batch, i).every(Number.isFinite));
    }
    const views = new Set(
      Array.from(
        { length: 6 },
        (_, i) => viewsOf(batch, i >> 1).slice((i & 1) * GLOBAL, ((i & 1) + 1) * GLOBAL).join(),
      ),
    );
    equal(views.size, 6, "all global views differ");
  }));

Deno.test("ViewLoader makes one batch ahead until it knows how large they are", () =>
  withImages(async (options) => {
    let asked = 0;
    const images = {
      ...options.images,
      location(index: number) {
        asked++;
        return options.images.location(index);
      },
    };
    const loader = new ViewLoader({ ...options, images, numWorkers: 0, prefetch: 2 });
    await loader.next();
    equal(asked, 2 * 3);
    await loader.next();
    equal(asked, 4 * 3);
    loader.close();
  }));

Deno.test("ViewLoader goes through every epoch in another order", () =>
  withImages(async (options) => {
    const batches = await take({ ...options, numWorkers: 0 }, 6);
    const epochs = [0, 2, 4].map((step) => [...batches[step].images, ...batches[step + 1].images]);
    for (const epoch of epochs) equal(new Set(epoch).size, 6, "no image twice");
    notDeepEqual(epochs[0], epochs[1]);
    notDeepEqual(epochs[1], epochs[2]);
    const other = await take({ ...options, seed: 6, numWorkers: 0 }, 1);
    notDeepEqual(other[0].items, batches[0].items);
  }));

Deno.test("ViewLoader resumes at any step with the same batches", () =>
  withImages(async (options) => {
    const whole = await take({ ...options, numWorkers: 0 }, 5);
    const resumed = await take({ ...options, numWorkers: 2, startStep: 3, prefetch: 1 }, 2);
    deepEqual(resumed, whole.slice(3));
  }));

Deno.test("ViewLoader replaces an unreadable image by the next of the epoch and reports it", () =>
  withImages(async (options, root) => {
    const [whole] = await take({ ...options, numWorkers: 0 }, 1);
    const [first, second, third] = whole.images;
    await writeFile(join(root, second), "broken");

    const [batch] = await take({ ...options, numWorkers: 2 }, 1);

    deepEqual(batch.images, [first, third, third]);
    const message =
      "Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got 6 bytes that start " +
      "with [62 72 6f 6b]; convert the file";
    deepEqual(batch.errors, [{ path: second, message }]);
    deepEqual(viewsOf(batch, 0), viewsOf(whole, 0));
    deepEqual(viewsOf(batch, 2), viewsOf(whole, 2));
    notDeepEqual(viewsOf(batch, 1), viewsOf(batch, 2)); // views of its own: no exact duplicates
    deepEqual(
      await take({ ...options, numWorkers: 0 }, 3),
      await take({ ...options, numWorkers: 1 }, 3),
    );
  }));

Deno.test("ViewLoader reports an unreadable image once, over all epochs", () =>
  withImages(async (options, root) => {
    await writeFile(join(root, options.images.names[2]), "broken");
    for (const numWorkers of [0, 2]) {
      const batches = await take({ ...options, numWorkers }, 8);
      const errors = batches.flatMap((batch) => batch.errors);
      deepEqual(errors.map(({ path }) => path), [options.images.names[2]]);
    }
  }));

Deno.test("ViewLoader fails at the first unreadable image of a batch if it is told to", () =>
  withImages(async (options, root) => {
    const [whole] = await take({ ...options, numWorkers: 0 }, 1);
    const [, second, third] = whole.images;
    for (const file of [third, second]) await writeFile(join(root, file), "broken");
    for (const numWorkers of [0, 2]) {
      await rejects(
        take({ ...options, numWorkers, dataErrors: "fail" }, 1),
        new DataError(
          `Cannot load batches: every image must be readable, got ${second}: Cannot decode image: ` +
            "file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got 6 bytes that start " +
            "with [62 72 6f 6b]; convert the file; or set data_errors=skip to leave such images out",
        ),
      );
    }
  }));

Deno.test("ViewLoader reads a list of folders and files", () =>
  withImages(async (options, root) => {
    const images = await findImages([root, join(root, "0.png")]);
    const [here] = await take({ ...options, numWorkers: 0 }, 1);
    const [listed] = await take({ ...options, images, numWorkers: 1 }, 1);
    deepEqual(listed, { ...here, images: here.images.map((name) => join(root, name)) });
  }));

Deno.test("ViewLoader gives the same batches from a shard as from the files in it", () =>
  withImages(async (options, root) => {
    const shard = await writeShard(root);
    const images = await findImages(shard);
    const folder = await take({ ...options, numWorkers: 0 }, 5);
    for (const numWorkers of [0, 2]) {
      const batches = await take({ ...options, images, numWorkers }, 5);
      deepEqual(
        batches,
        folder.map((batch) => ({ ...batch, images: batch.images.map((name) => `s.tar/${name}`) })),
      );
    }
  }));

Deno.test("ViewLoader replaces an image that its shard cuts off", () =>
  withImages(async (options, root) => {
    const shard = await writeShard(root);
    const { names, location } = await findImages(shard);
    const { offset, length } = location(6); // the last
    await truncate(shard, offset! + 100);
    const images = await findImages(shard);
    deepEqual([images.names, images.problems], [names, []]);
    for (const numWorkers of [0, 2]) {
      const batches = await take({ ...options, images, numWorkers, batchSize: 7, prefetch: 0 }, 1);
      deepEqual(batches[0].errors, [{
        path: "s.tar/6.png",
        message: `Cannot read image: ${shard} must hold ${length} bytes from byte ${offset}, got ` +
          "100; copy or make the shard again",
      }]);
    }
  }));

Deno.test("ViewLoader fails if no image can be read", () =>
  withImages(async (options, root) => {
    for (const file of options.images.names) await writeFile(join(root, file), "broken");
    const loader = new ViewLoader({ ...options, numWorkers: 1 });
    await rejects(loader.next(), (error: Error) => {
      ok(error instanceof DataError);
      ok(
        /^Cannot load batches: at least one of 7 images must be readable, got none; the first, \d\.png: Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got 6 bytes that start with \[62 72 6f 6b\]; convert the file$/
          .test(error.message),
        error.message,
      );
      return true;
    });
    loader.close();
  }));

Deno.test("ViewLoader refuses a batch larger than the set, and a closed loader", () =>
  withImages(async (options) => {
    throws(
      () => new ViewLoader({ ...options, batchSize: 8, numWorkers: 0 }),
      new DataError(
        "Cannot load batches: batch_size must be at most the number of images 7, got 8; " +
          "lower batch_size",
      ),
    );
    const loader = new ViewLoader({ ...options, numWorkers: 1 });
    loader.close();
    await rejects(loader.next(), {
      message: "Cannot load batches: loader must be open, got a closed one; make a new one",
    });
  }));

Deno.test("ViewLoader makes batches without local views", () =>
  withImages(async (options) => {
    const [batch] = await take(
      { ...options, views: { ...VIEWS, local_view: null }, numWorkers: 1 },
      1,
    );
    equal(viewsOf(batch, 0).length, 2 * GLOBAL);
  }));

Deno.test("ViewLoader gives the same images and draws to the GPU for any number of workers", () =>
  withImages(async (options) => {
    const drawn = { ...options, maker: "gpu" as const };
    const [here, two, five] = await Promise.all(
      [0, 2, 5].map((numWorkers) => take({ ...drawn, numWorkers }, 5)),
    );
    deepEqual(two, here);
    deepEqual(five, here);
    const { image, global, local } = here[0].items[0] as DrawnItem;
    deepEqual([image.width, image.height, image.pixels.length], [24, 24, 24 * 24 * 3]);
    equal(image.pixels.buffer.byteLength % 4, 0);
    deepEqual([global.taps.length, local.taps.length], [2 * 28 * 5, 3 * 14 * 5]);
  }));

Deno.test("ViewLoader replaces an image that is too large for the GPU", () =>
  withImages(async (options) => {
    const batches = take({ ...options, maker: "gpu", maxImageBytes: 1000, numWorkers: 1 }, 1);
    await rejects(batches, (error: Error) => {
      ok(error.message.includes(
        "Cannot upload image: it must take at most 1000 bytes, got 1728 (24 x 24 after " +
          "reduction); make it smaller, or set views_on=workers",
      ));
      return true;
    });
  }));

/** Bytes of an image of the folder, 24 x 24 pixels. */
const IMAGE_BYTES = 24 * 24 * 3;

Deno.test("ViewLoader gives the same batches with a cache of all, some or no images", () =>
  withImages(async (options) => {
    for (const maker of ["workers", "gpu"] as const) {
      const plain = await take({ ...options, maker, numWorkers: 0 }, 6); // three epochs
      for (const cacheBytes of [1e9, 3 * IMAGE_BYTES + 1, IMAGE_BYTES - 1]) {
        for (const numWorkers of [0, 1, 2]) {
          const cached = await take({ ...options, maker, numWorkers, cacheBytes }, 6);
          deepEqual(cached, plain, `${maker}, ${numWorkers} workers, ${cacheBytes} bytes`);
        }
      }
    }
  }));

Deno.test("ViewLoader reads no image again that its cache holds, and holds no more than it may", () =>
  withImages(async (options, root) => {
    const epoch = { ...options, batchSize: 7, prefetch: 0 };
    for (const maker of ["workers", "gpu"] as const) {
      for (const numWorkers of [0, 2]) {
        const kept = maker === "gpu" ? 7 : 3;
        const cacheBytes = kept * IMAGE_BYTES;
        const loader = new ViewLoader({ ...epoch, maker, numWorkers, cacheBytes });
        const files = options.images.names.map((name) => join(root, name));
        const bytes = await Promise.all(files.map((file) => readFile(file)));
        await loader.next();
        for (const file of files) await rm(file);
        const second = await loader.next();
        loader.close();
        for (const [i, file] of files.entries()) await writeFile(file, bytes[i]);
        equal(second.errors.length, 7 - kept);
        equal(new Set(second.images).size, kept);
        if (maker === "gpu") {
          const [{ image }] = second.items as DrawnItem[];
          ok(image.pixels.buffer instanceof SharedArrayBuffer, "no copy on the way");
        }
      }
    }
  }));

Deno.test("ViewLoader reports an unreadable image once beside a cache", () =>
  withImages(async (options, root) => {
    await writeFile(join(root, options.images.names[2]), "broken");
    for (const numWorkers of [0, 2]) {
      const cached = await take({ ...options, numWorkers, cacheBytes: 1e9 }, 8);
      const errors = cached.flatMap((batch) => batch.errors);
      deepEqual(errors.map(({ path }) => path), [options.images.names[2]]);
      const plain = await take({ ...options, numWorkers }, 8);
      const made = (batches: Batch[]) => batches.map(({ images, items }) => ({ images, items }));
      deepEqual(made(cached), made(plain)); // of several batches ahead, either may tell the error
    }
  }));

Deno.test("ViewLoader makes the first view alone, the same that is made among others", () =>
  withImages(async (options) => {
    const all = await take({ ...options, numWorkers: 1 }, 2);
    const firsts = await take({ ...options, maker: "first", numWorkers: 1 }, 2);
    all.forEach((batch, at) => {
      deepEqual(firsts[at].images, batch.images);
      batch.items.forEach((_, image) =>
        deepEqual(viewsOf(firsts[at], image), viewsOf(batch, image).slice(0, GLOBAL))
      );
    });
  }));
