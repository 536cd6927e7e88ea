import { deepEqual, rejects } from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "../../src/data/errors.ts";
import { findImages, type ImageSource } from "../../src/data/find_images.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "images-"));
  try {
    await test(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function namesIn(source: ImageSource): Promise<readonly string[]> {
  return (await findImages(source)).names;
}

/** The files of a set, in order. */
async function pathsIn(source: ImageSource): Promise<string[]> {
  const images = await findImages(source);
  return images.names.map((_, i) => images.location(i).path);
}

Deno.test("findImages() lists images of all subfolders in code unit order", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "b", "deep"), { recursive: true });
    const names = ["b/deep/z.PNG", "b/2.jpeg", "B.jpg", "a.Jpg", "b.png", "notes.txt", "jpg"];
    for (const name of names) await writeFile(join(folder, name), "");
    deepEqual(await namesIn(folder), ["B.jpg", "a.Jpg", "b.png", "b/2.jpeg", "b/deep/z.PNG"]);
  }));

Deno.test("findImages() follows links and stops at loops", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "set"));
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "a.png"), "");
    await symlink(join(folder, "elsewhere"), join(folder, "set", "linked"));
    await symlink(join(folder, "elsewhere", "a.png"), join(folder, "set", "b.png"));
    await symlink(join(folder, "set"), join(folder, "set", "loop"));
    await symlink(join(folder, "nowhere"), join(folder, "set", "dangling.png"));
    deepEqual(await namesIn(join(folder, "set")), ["b.png", "linked/a.png"]);
  }));

Deno.test("findImages() takes one image for a set", () =>
  inFolder(async (folder) => {
    const file = join(folder, "only.jpg");
    await writeFile(file, "");
    deepEqual(await namesIn(file), ["only.jpg"]);
    deepEqual([await pathsIn(file), await pathsIn(folder)], [[file], [file]]);
  }));

Deno.test("findImages() takes a list of folders and files, each image once", () =>
  inFolder(async (folder) => {
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    await mkdir(join(a, "deep"), { recursive: true });
    await mkdir(b);
    for (const path of ["a/2.PPM", "a/deep/1.tif", "b/c.jpg", "b/d.jpg"]) {
      await writeFile(join(folder, path), "");
    }
    const file = join(b, "c.jpg");
    const expected = [join(a, "2.PPM"), join(a, "deep", "1.tif"), file];
    for (const list of [[a, file], [file, a], [a, `${a}/`, `${b}/../a/deep`, file, file]]) {
      deepEqual(await namesIn(list), expected);
      deepEqual(await pathsIn(list), expected);
    }
    deepEqual(await namesIn([b]), [file, join(b, "d.jpg")]);
    await rejects(
      findImages([a, join(folder, "missing")]),
      new DataError(
        "Cannot find images: data must be an existing folder or file, got " +
          `${JSON.stringify(join(folder, "missing"))}; check the path`,
      ),
    );
  }));

Deno.test("findImages() says what is wrong with a folder", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "notes.txt"), "");
    await rejects(
      findImages(folder),
      new DataError(
        "Cannot find images: data must hold files that end in jpg, jpeg, png, webp, bmp, gif, tif, " +
          "tiff, ppm, pgm, got none in " +
          `${JSON.stringify(folder)}; point data at a folder with images`,
      ),
    );
    const missing = join(folder, "missing");
    await rejects(
      findImages(missing),
      new DataError(
        `Cannot find images: data must be an existing folder or file, got ${
          JSON.stringify(missing)
        }; ` +
          "check the path",
      ),
    );
  }));
