import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageReader } from "../../src/images/image_reader.ts";
import { type ImageLocation, readImageBytes } from "../../src/images/image_set.ts";

/** Runs a test on 40 files of 100 bytes, each full of its own number. */
async function withFiles(test: (paths: string[]) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reader-"));
  try {
    const paths = Array.from({ length: 40 }, (_, i) => join(folder, `${i}.tar`));
    for (const [i, path] of paths.entries()) await writeFile(path, new Uint8Array(100).fill(i));
    await test(paths);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// That no file is left open is the test runner's to find.
Deno.test("ImageReader reads parts of more files than it keeps open, at once", () =>
  withFiles(async (paths) => {
    using reader = new ImageReader();
    const order = Array.from({ length: 200 }, (_, i) => i * 7 % 40);
    const read = order.map((i) => reader.read({ path: paths[i], offset: 10, length: i }));
    for (const [at, bytes] of (await Promise.all(read)).entries()) {
      deepEqual(Array.from(bytes), Array(order[at]).fill(order[at]));
    }
    equal((await reader.read({ path: paths[3] })).length, 100);
  }));

Deno.test("images that end before they should are told apart from those that are there", () =>
  withFiles(async ([path]) => {
    using reader = new ImageReader();
    const cases: [offset: number, length: number, got: number][] = [
      [50, 51, 50],
      [100, 1, 0],
      [300, 1, 0],
      [0, 2 ** 52, 100],
    ];
    const wanted = (length: number, offset: number, got: number) =>
      new Error(
        `Cannot read image: ${path} must hold ${length} bytes from byte ${offset}, got ${got}; ` +
          "copy or make the shard again",
      );
    for (const read of [readImageBytes, (at: ImageLocation) => reader.read(at)]) {
      for (const [offset, length, got] of cases) {
        await rejects(
          async () => await read({ path, offset, length }),
          wanted(length, offset, got),
        );
      }
      equal((await read({ path, offset: 50, length: 50 })).length, 50);
      equal((await read({ path, offset: 100, length: 0 })).length, 0);
    }
    await truncate(path, 60); // while it is open
    await rejects(reader.read({ path, offset: 50, length: 50 }), wanted(50, 50, 10));
  }));

Deno.test("ImageReader reads on after a file that is missing", () =>
  withFiles(async ([path]) => {
    using reader = new ImageReader();
    await rejects(reader.read({ path: `${path}.gone`, offset: 0, length: 1 }), { code: "ENOENT" });
    equal((await reader.read({ path, offset: 0, length: 1 })).length, 1);
  }));

Deno.test("ImageReader rejects what is asked of it once it is closed", () =>
  withFiles(async ([path]) => {
    const reader = new ImageReader();
    const waiting = reader.read({ path, offset: 0, length: 1 });
    reader[Symbol.dispose]();
    const closed = "Cannot read image: reader must be open, got a closed one; make a new one";
    await rejects(waiting, { message: closed });
  }));

Deno.test("images of more bytes than any needs are refused before they are read", () =>
  withFiles(async ([path]) => {
    using reader = new ImageReader();
    await truncate(path, 3 * 2 ** 30); // takes no room on the disk
    const wanted = (place: string, got: number) =>
      new Error(
        `Cannot read image: ${place} must have at most 2147483647 bytes, got ${got}; ` +
          "make it smaller",
      );
    for (const read of [readImageBytes, (at: ImageLocation) => reader.read(at)]) {
      await rejects(async () => await read({ path }), wanted(path, 3 * 2 ** 30));
      const part = { path, offset: 100, length: 2 ** 31 };
      await rejects(async () => await read(part), wanted(`${path} at byte 100`, 2 ** 31));
    }
  }));
