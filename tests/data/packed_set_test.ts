import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { open, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../src/images/errors.ts";
import { findImages } from "../../src/images/find_images.ts";
import { ImageReader } from "../../src/images/image_reader.ts";
import { locationText } from "../../src/images/image_set.ts";
import { loadImage } from "../../src/data/item.ts";
import { type Batch, ViewLoader, type ViewLoaderOptions } from "../../src/data/loader.ts";
import { packedSet } from "../../src/data/packed_set.ts";
import { readPacked } from "../../src/data/packed_image.ts";
import type { PackOptions } from "../../src/data/pack_images.ts";
import { DEFAULT_TRANSFORM_ARGS, type TransformArgs } from "../../src/views/view_spec.ts";
import { withImageFolder, writeImage } from "../support/image_folder.ts";
import { tarFile } from "../support/tar_files.ts";

const VIEWS: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [12, 16],
  local_view: { ...DEFAULT_TRANSFORM_ARGS.local_view!, num_views: 2, view_size: [8, 6] },
};

/** With bytes that do not fill their last word; the last two are reduced. */
const SIDES = [24, 25, 1, 37, 320, 401];

/** Packs the images of a folder, and says what was told meanwhile. */
async function pack(
  data: string,
  path: string,
  options: Partial<PackOptions> = {},
): Promise<{ set: Awaited<ReturnType<typeof packedSet>>; told: string[] }> {
  const told: string[] = [];
  const onMessage = (message: string) => told.push(message);
  const set = await packedSet(await findImages(data), path, {
    views: VIEWS,
    numWorkers: 0,
    onMessage,
    ...options,
  });
  return { set, told };
}

/** Three epochs. */
async function take(options: Partial<ViewLoaderOptions> & Pick<ViewLoaderOptions, "images">) {
  const loader = new ViewLoader({
    seed: 5,
    batchSize: 3,
    views: VIEWS,
    maker: "workers",
    maxImageBytes: 1e9,
    numWorkers: 0,
    ...options,
  });
  try {
    const batches: Batch[] = [];
    for (let i = 0; i < 6; i++) batches.push({ ...await loader.next(), waitMs: 0 });
    return batches;
  } finally {
    loader.close();
  }
}

/** Batches, and the errors of all: of several batches made ahead, either may tell one. */
function withErrorsApart(batches: Batch[]) {
  const errors = batches.flatMap((batch) => batch.errors);
  return { batches: batches.map((batch) => ({ ...batch, errors: [] })), errors };
}

/** Inverts the bits of a byte of a file; a negative place counts from its end. */
async function flipByte(path: string, place: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[(bytes.length + place) % bytes.length] ^= 0xff;
  await writeFile(path, bytes);
}

Deno.test("packedSet() gives the loader the same batches as the files do", () =>
  withImageFolder(SIDES, async (folder, data) => {
    await writeFile(join(data, "broken.png"), "broken");
    const images = await findImages(data);
    for (const numWorkers of [0, 2]) {
      const path = join(folder, `${numWorkers}`, "images.pack"); // in a folder that is made
      const { set } = await pack(data, path, { numWorkers });
      deepEqual(SIDES.map((_, i) => set.location(i).raw!.width), [24, 25, 1, 37, 160, 134]);
      for (const maker of ["workers", "gpu"] as const) {
        const plain = withErrorsApart(await take({ images, maker }));
        equal(plain.errors.length, 1);
        for (const cacheBytes of [0, 3000, 1e9]) {
          const packed = await take({ images: set, maker, numWorkers, cacheBytes });
          deepEqual(
            withErrorsApart(packed),
            plain,
            `${maker}, ${numWorkers} workers, ${cacheBytes} bytes`,
          );
        }
      }
    }
  }));

Deno.test("packedSet() uses a pack that is current without reading the files", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    const first = await pack(data, path, { numWorkers: 1 });
    const size = (await stat(path)).size;
    deepEqual(first.told, [
      `packing 6 images into "${path}"`,
      `packed 6 images into "${path}", ${(size / 1024).toFixed(1)} KiB`,
    ]);
    const plain = await take({ images: await findImages(data) });
    for (const name of first.set.names) {
      const { size, atime, mtime } = await stat(join(data, name));
      await writeFile(join(data, name), new Uint8Array(size));
      await utimes(join(data, name), atime, mtime);
    }
    const { set, told } = await pack(data, path);
    deepEqual(told, []);
    deepEqual(await take({ images: set }), plain);
    deepEqual(await readdir(folder), ["data", "images.pack"]);
  }));

Deno.test("packedSet() packs images larger than what is written at once", () =>
  withImageFolder([], async (folder, data) => {
    const side = 1201; // 4.1 MiB and three bytes
    const pixels = new Uint8Array(side * side * 3).map((_, i) => i % 251);
    for (const name of ["a.ppm", "b.ppm", "c.ppm"]) {
      await Deno.writeFile(join(data, name), new TextEncoder().encode(`P6 ${side} ${side} 255\n`));
      await Deno.writeFile(join(data, name), pixels, { append: true });
    }
    await writeImage(join(data, "d.png"), 5, 0);
    const views = { ...VIEWS, image_size: [1024, 1024] as [number, number] };
    const { set } = await pack(data, join(folder, "images.pack"), { views });
    using reader = new ImageReader();
    for (const [i, name] of set.names.entries()) {
      const at = set.location(i);
      const original = await loadImage(await readFile(join(data, name)), views);
      deepEqual(await readPacked(at, at.raw!, reader), original);
    }
  }));

Deno.test("packedSet() packs anew what was made from other files or settings", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    await pack(data, path);
    const toldOf = async (options: Partial<PackOptions> = {}) => {
      const { set, told } = await pack(data, path, options);
      const views = options.views ?? VIEWS;
      deepEqual(
        await take({ images: set, views }),
        await take({ images: await findImages(data), views }),
      );
      equal((await pack(data, path, options)).told.length, 0);
      return told[0];
    };
    const changed = (change: string) => `packing images anew: ${change}`;

    await utimes(join(data, "1.png"), 1e9, 1e9);
    equal(await toldOf(), changed("files of data changed"));
    const { atime, mtime } = await stat(join(data, "1.png"));
    await writeImage(join(data, "1.png"), 30, 1);
    await utimes(join(data, "1.png"), atime, mtime); // another size alone
    equal(await toldOf(), changed("files of data changed"));
    await Deno.rename(join(data, "1.png"), join(data, "1a.png"));
    equal(await toldOf(), changed("files of data changed"));
    await writeImage(join(data, "9.png"), 30, 1);
    equal(await toldOf(), changed("data had 6 images, has 7"));
    const gray = {
      ...VIEWS,
      num_channels: 1,
      color_jitter: null,
      random_gray_scale: null,
      normalize: { mean: [0], std: [1] },
    };
    equal(await toldOf({ views: gray }), changed("num_channels was 3, is 1"));
    const resized = { ...gray, random_resize: { min_scale: 0.5, max_scale: 1 } };
    equal(await toldOf({ views: resized }), changed("sizes or min_scale of views changed"));
    equal(
      await toldOf(),
      changed("num_channels was 1, is 3; sizes or min_scale of views changed"),
    );
  }));

Deno.test("packedSet() keeps a pack whose pixels other settings would not change", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    await pack(data, path);
    const local_view = { ...VIEWS.local_view!, num_views: 5, gaussian_blur: null };
    const views = { ...VIEWS, random_flip: null, local_view };
    deepEqual((await pack(data, path, { views })).told, []);
  }));

Deno.test("packedSet() packs the images of a shard, anew when the shard changes", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const names = SIDES.map((_, i) => `${i}.png`);
    const entries = await Promise.all(
      names.map(async (name) => ({ name, data: await readFile(join(data, name)) })),
    );
    const [shard, path] = [join(folder, "s.tar"), join(folder, "images.pack")];
    await writeFile(shard, tarFile(entries));
    const { set } = await pack(shard, path, { numWorkers: 1 });
    const plain = await take({ images: await findImages(shard) });
    deepEqual(await take({ images: set, numWorkers: 1 }), plain);
    deepEqual((await pack(shard, path)).told, []);
    await utimes(shard, 1e9, 1e9);
    equal((await pack(shard, path)).told[0], "packing images anew: files of data changed");
  }));

Deno.test("packedSet() packs anew what is damaged", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    await pack(data, path);
    const { size } = await stat(path);
    const plain = await take({ images: await findImages(data) });
    const damaged: [damage: () => Promise<void>, reason: string][] = [
      [() => Deno.truncate(path, size - 1), `must have ${size} bytes, got ${size - 1}`],
      [() => Deno.truncate(path, 50), `must have ${size} bytes, got 50`],
      [() => Deno.truncate(path, 15), "must have 208 bytes, got 15"],
      [
        () => Deno.writeFile(path, new Uint8Array(1), { append: true }),
        `must have ${size} bytes, got ${size + 1}`,
      ],
      [() => flipByte(path, 8), "must have version 1, got 254"],
      [() => flipByte(path, 40), "must have an intact key"],
      [() => flipByte(path, 70), "must have an intact index, got a damaged one"],
      [() => flipByte(path, -3), "must have an intact index, got a damaged one"],
    ];
    for (const [damage, reason] of damaged) {
      await damage();
      const { set, told } = await pack(data, path);
      equal(told[0], `packing images anew: "${path}" ${reason}`);
      deepEqual(await take({ images: set }), plain);
    }
  }));

Deno.test("ViewLoader reads the original of a packed image that is damaged, and says so once", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    const { set } = await pack(data, path);
    const images = await findImages(data);
    const { offset, raw } = set.location(0);
    await flipByte(path, offset!);
    for (const numWorkers of [0, 2]) {
      const told: string[] = [];
      const onDamage = (message: string) => told.push(message);
      const batches = await take({ images: set, numWorkers, onDamage });
      deepEqual(batches, await take({ images }));
      equal(told.length, 1);
      match(
        told[0].replace(path, "PATH").replace(/got [0-9a-f]{8};/, "got SUM;"),
        new RegExp(
          `^Cannot use packed images: "PATH" must hold pixels of CRC-32 ${
            raw!.crc32.toString(16).padStart(8, "0")
          } at byte ${offset}, got SUM; delete the file to have them packed again \\(originals ` +
            `are read instead of damaged ones\\)$`,
        ),
      );
    }
    await Deno.truncate(path, 100); // under a run that has opened it
    const told: string[] = [];
    const batches = await take({ images: set, onDamage: (message) => told.push(message) });
    deepEqual(batches, await take({ images }));
    equal(told.length, 1);
  }));

Deno.test("ViewLoader counts a damaged image as unreadable whose original is lost too", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    const { set } = await pack(data, path);
    await flipByte(path, set.location(0).offset!);
    await Deno.remove(join(data, "0.png"));
    const errors = (await take({ images: set })).flatMap((batch) => batch.errors);
    deepEqual(errors.map((error) => error.path), ["0.png"]);
    ok(errors[0].message.startsWith("ENOENT"), errors[0].message);
  }));

Deno.test("packedSet() counts what it cannot read, and says how far it is", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    await writeFile(join(data, "3.png"), "broken");
    for (const numWorkers of [0, 2]) {
      const { told } = await pack(data, path, { numWorkers, progressMs: 0 });
      deepEqual(told.slice(1, -1), [1, 2, 3, 4, 5, 6].map((n) => `packing images: ${n} of 6`));
      match(told.at(-1)!, /^packed 5 images into ".*", [\d.]+ KiB; 1 cannot be read$/);
      await Deno.remove(path);
    }
  }));

Deno.test("packedSet() leaves nothing behind when it is told to stop", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    for (const numWorkers of [0, 2]) {
      const stop = new AbortController();
      const images = await findImages(data);
      const set = await packedSet(images, path, {
        views: VIEWS,
        numWorkers,
        progressMs: 0,
        onMessage: (message) => message.startsWith("packing images: ") && stop.abort(),
        signal: stop.signal,
      });
      equal(set, images);
      deepEqual(await readdir(folder), ["data"]);
    }
  }));

Deno.test("packedSet() overwrites what a killed run left half written", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    await pack(data, path);
    const whole = await readFile(path);
    await Deno.remove(path);
    await writeFile(`${path}.tmp`, new Uint8Array(1e6).fill(7));
    const { set } = await pack(data, path);
    deepEqual(await readFile(path), whole);
    deepEqual(await take({ images: set }), await take({ images: await findImages(data) }));
    deepEqual(await readdir(folder), ["data", "images.pack"]);
  }));

Deno.test("packedSet() of several runs lets one pack, and the others wait for it", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    const runs = await Promise.all([1, 2, 0].map((numWorkers) => pack(data, path, { numWorkers })));
    const told = runs.flatMap(({ told }) => told);
    equal(told.filter((message) => message.startsWith("packed")).length, 1);
    const waiting = `waiting for another run that packs images into "${path}"`;
    equal(told.filter((message) => message === waiting).length, 2);
    const plain = await take({ images: await findImages(data) });
    for (const { set } of runs) deepEqual(await take({ images: set }), plain);
    deepEqual(await readdir(folder), ["data", "images.pack"]);
  }));

Deno.test("packedSet() refuses to replace what is no pack", () =>
  withImageFolder([24], async (folder, data) => {
    const refuses = (path: string, got: string) =>
      rejects(
        pack(data, path),
        new DataError(
          `Cannot pack images: cache_disk must be the path of a pack or of no file yet, got ${got}; ` +
            `choose another`,
        ),
      );
    await refuses(data, `the folder "${data}"`);
    const text = join(folder, "thesis.txt");
    await writeFile(text, "Once upon a time");
    await refuses(text, `"${text}" that starts with [4f 6e 63 65 20 75 70 6f]`);
    await writeFile(text, "Deno");
    await refuses(text, `"${text}" that starts with [44 65 6e 6f]`);
    await refuses(join(text, "a.pack"), `"${join(text, "a.pack")}" (ENOTDIR)`);
    equal(await readFile(text, "utf8"), "Deno");
  }));

Deno.test("packedSet() refuses a path where it cannot write", () =>
  withImageFolder([24], async (folder, data) => {
    const path = join(folder, "images.pack");
    await Deno.mkdir(`${path}.tmp`);
    await rejects(
      pack(data, path),
      new DataError(
        `Cannot pack images: cache_disk must be a path that can be written, got "${path}" ` +
          `(EISDIR); choose another`,
      ),
    );
  }));

Deno.test("packedSet() says how much room it needs, before it packs", () =>
  withImageFolder(SIDES, async (folder, data) => {
    const path = join(folder, "images.pack");
    const { set } = await pack(data, path);
    const { size } = await stat(path);
    const lengths = set.names.map((_, i) => set.location(i).length!);
    const needed = lengths.reduce((sum, length) => sum + length, 64 + 24 * SIDES.length);
    ok(size - needed < 400, "the origin alone is not counted");
    await Deno.remove(path);
    const freeBytesOf = () => Promise.resolve(needed - 1);
    const kib = `${(needed / 1024).toFixed(1)} KiB`;
    await rejects(
      pack(data, path, { freeBytesOf }),
      new DataError(
        `Cannot pack images: the disk of "${path}" must have about ${kib} free, got ${kib}; free ` +
          `some, choose another cache_disk, or set cache_disk=null`,
      ),
    );
    deepEqual(await readdir(folder), ["data"]);
    await pack(data, path, { freeBytesOf: () => Promise.resolve(needed) });
    await Deno.remove(path);
    await pack(data, path, { freeBytesOf: () => Promise.resolve(undefined) });
  }));

Deno.test({
  name: "packedSet() says so when the disk is full",
  ignore: Deno.build.os !== "linux", // which has a device that is full
  fn: () =>
    withImageFolder(SIDES, async (folder, data) => {
      const path = join(folder, "images.pack");
      await symlink("/dev/full", `${path}.tmp`);
      for (const numWorkers of [0, 2]) {
        await rejects(pack(data, path, { numWorkers }), (error: Error) => {
          ok(error instanceof DataError);
          match(
            error.message,
            /^Cannot pack images: the disk of ".*images.pack" must have about [\d.]+ KiB free, got [\d.]+ KiB; free some, choose another cache_disk, or set cache_disk=null$/,
          );
          return true;
        });
        deepEqual(await readdir(folder), ["data"]);
        await symlink("/dev/full", `${path}.tmp`);
      }
    }),
});

Deno.test("a pack is a header, an index, pixels on words, and what they were made from", () =>
  withImageFolder([1, 5], async (folder, data) => {
    const path = join(folder, "images.pack");
    const { set } = await pack(data, path);
    const file = await open(path);
    const bytes = await file.readFile();
    await file.close();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    equal(bytes.toString("latin1", 0, 8), "DENOPACK");
    deepEqual([view.getUint32(8, true), view.getUint32(12, true)], [1, 2]);
    const origin = JSON.parse(bytes.toString("utf8", Number(view.getBigUint64(16, true))));
    deepEqual(origin, {
      num_channels: 3,
      views: [
        { least: [36, 48], random_resize: { min_scale: 0.32 } },
        { least: [24, 18], random_resize: { min_scale: 0.05 } },
      ],
      images: 2,
      files: origin.files,
    });
    deepEqual([0, 1].map((i) => set.location(i).offset), [112, 116]);
    deepEqual([0, 1].map((i) => set.location(i).length), [4, 76]);
    const { width, height, channels, source } = set.location(1).raw!;
    deepEqual([width, height, channels, source], [5, 5, 3, { path: join(data, "1.png") }]);
    equal(locationText(set.location(1)), join(data, "1.png")); // in messages
  }));
