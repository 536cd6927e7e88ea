import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkImages, type DataReport } from "../../src/images/check_images.ts";
import { encodePng } from "../../src/images/encode.ts";
import { DataError } from "../../src/images/errors.ts";
import { encodedAs, exif, gifFile, jpegFile } from "../support/image_files.ts";
import { tarFile } from "../support/tar_files.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "check-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What does not depend on speed. */
function factsOf(report: DataReport) {
  const { threads: _t, imagesPerSecond: _i, decodedPerSecondAndThread: _d, ...facts } = report;
  return facts;
}

Deno.test("checkImages() reports sizes, formats, unreadable files and duplicates", () =>
  inFolder(async (folder) => {
    const pixels = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => i);
    const png = encodePng({ width: 5, height: 4, channels: 3, pixels });
    const files: Record<string, Uint8Array> = {
      "a.png": png,
      "b.png": encodePng({ width: 4, height: 5, channels: 3, pixels }), // other pixels, though the same bytes
      "c.bmp": await encodedAs(png, "bmp"),
      "d.gif": gifFile(),
      "e.jpg": jpegFile({ columns: 2, blocks: [[7], [8]], exif: exif(6) }),
      "f.jpg": png, // a wrong name
      "g.jpg": Uint8Array.of(1, 2, 3),
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const seen: string[] = [];
    const onImage = (done: number, total: number) => seen.push(`${done}/${total}`);

    const one = await checkImages(folder, { numWorkers: 1, onImage });

    deepEqual(factsOf(one), {
      images: 7,
      formats: { PNG: 3, BMP: 1, GIF: 1, JPEG: 1 },
      width: { min: 3, median: 5, max: 8 },
      height: { min: 2, median: 4, max: 16 },
      decodedBytes: { min: 18, median: 60, max: 384 },
      totalDecodedBytes: 4 * 60 + 18 + 384,
      totalFileBytes: Object.values(files).reduce((sum, file) => sum + file.length, 0) - 3,
      unreadable: [{
        name: "g.jpg",
        message: "Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or " +
          "PGM, got 3 bytes that start with [01 02 03]; convert the file",
      }],
      problems: [],
      duplicates: [["a.png", "c.bmp", "f.jpg"]],
    });
    deepEqual(seen, ["1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7"]);
    ok(one.imagesPerSecond > 0 && one.decodedPerSecondAndThread > 0);
    const three = await checkImages(folder, { numWorkers: 3 });
    deepEqual(factsOf(three), factsOf(one));
    equal(three.threads, 3);
  }));

Deno.test("checkImages() compares and counts the channels that training will ask for", () =>
  inFolder(async (folder) => {
    const gray = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(7, 7, 7, 8, 8, 8) };
    const color = { ...gray, pixels: Uint8Array.of(6, 7, 8, 7, 8, 9) }; // of about the same luma
    await writeFile(join(folder, "a.png"), encodePng(gray));
    await writeFile(join(folder, "b.png"), encodePng(color));
    const found = [];
    for (const channels of [1, 3, 4]) {
      const { duplicates, totalDecodedBytes } = await checkImages(folder, {
        numWorkers: 1,
        channels,
      });
      found.push([duplicates.length, totalDecodedBytes]);
    }
    deepEqual(found, [[1, 4], [0, 12], [0, 16]]);
  }));

Deno.test("checkImages() reads shards and tells of damage", () =>
  inFolder(async (folder) => {
    const png = encodePng({ width: 2, height: 1, channels: 3, pixels: new Uint8Array(6) });
    const shard = tarFile([
      { name: "a.png", data: png },
      { name: "b.png", data: png },
      { name: "c.png", data: png },
    ]);
    await writeFile(join(folder, "cut.tar"), shard.subarray(0, 512 + 20));
    await writeFile(join(folder, "damaged.tar"), shard.fill(0xff, 2048, 2050));

    const report = await checkImages(folder, { numWorkers: 2 });

    deepEqual(factsOf(report), {
      images: 3,
      formats: { PNG: 2 },
      width: { min: 2, median: 2, max: 2 },
      height: { min: 1, median: 1, max: 1 },
      decodedBytes: { min: 6, median: 6, max: 6 },
      totalDecodedBytes: 12,
      totalFileBytes: 2 * png.length,
      unreadable: [{
        name: "cut.tar/a.png",
        message: `Cannot read image: ${join(folder, "cut.tar")} must hold ${png.length} bytes ` +
          "from byte 512, got 20; copy or make the shard again",
      }],
      problems: [{
        name: "damaged.tar",
        message:
          "Cannot index shard: header at byte 2048 must have checksum 3877, got 3512; copy " +
          "or make it again, for what follows is left out",
      }],
      duplicates: [["damaged.tar/a.png", "damaged.tar/b.png"]],
    });
  }));

Deno.test("checkImages() goes on after an image that kills a worker or stops it", () =>
  inFolder(async (folder) => {
    for (const name of ["a.png", "die.png", "hang.png", "z.png"]) {
      await writeFile(join(folder, name), "");
    }
    const script = new URL("./failing_inspector.ts", import.meta.url);
    const report = await checkImages(folder, { numWorkers: 1, timeoutMs: 3000, script });
    const lost = (name: string, reason: string) =>
      `Cannot decode image: worker must survive ${join(folder, name)}, got ${reason}; ` +
      "remove the image";
    deepEqual(report.unreadable, [
      { name: "a.png", message: "no image" },
      { name: "die.png", message: lost("die.png", "Uncaught Error: out of memory") },
      { name: "hang.png", message: lost("hang.png", "no answer in 3000 ms") },
      { name: "z.png", message: "no image" },
    ]);
    deepEqual([report.width, report.decodedPerSecondAndThread], [null, 0]);
  }));

Deno.test("checkImages() refuses a folder without images", () =>
  inFolder(async (folder) => {
    await rejects(checkImages(folder, { numWorkers: 1 }), DataError);
  }));
