import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/images/errors.ts";
import { findImages, type ImageSource } from "../../src/images/find_images.ts";
import { readImageBytes } from "../../src/images/image_set.ts";
import { tarEntry, tarFile } from "../support/tar_files.ts";

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

/** Makes files below a folder. */
async function writeFiles(folder: string, files: Record<string, Uint8Array | string>) {
  for (const [name, data] of Object.entries(files)) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await writeFile(join(folder, name), data);
  }
}

/** The bytes of each image by its name, as text. */
async function imagesIn(source: ImageSource): Promise<Record<string, string>> {
  const images = await findImages(source);
  const texts = images.names.map(async (name, i) => {
    return [name, new TextDecoder().decode(await readImageBytes(images.location(i)))];
  });
  return Object.fromEntries(await Promise.all(texts));
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

/**
 * Makes `folder/deep` so deep that no path reaches its end: who may read everything cannot list
 * that either. It is made of two halves, and `undo` takes them apart, for `rm` cannot.
 */
async function makeTooDeep(folder: string): Promise<{ name: string; undo: () => Promise<void> }> {
  const half = (top: string) => join(top, ...Array<string>(9).fill("d".repeat(240)));
  const [upper, lower] = [join(folder, "deep"), join(folder, "lower")];
  for (const top of [upper, lower]) await mkdir(half(top), { recursive: true });
  await rename(lower, join(half(upper), "lower"));
  return {
    name: "deep",
    undo: () => rename(join(half(upper), "lower"), lower),
  };
}

Deno.test({
  name: "findImages() leaves out a folder that cannot be listed, and tells of it",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, "a.jpg"), "");
      const { name, undo } = await makeTooDeep(folder);
      try {
        const message = "Cannot list folder: it must be one that can be read, got ENAMETOOLONG; " +
          "change its permissions or move it out of data";
        for (const [source, prefix] of [[folder, ""], [[folder], `${folder}/`]] as const) {
          const { names, problems } = await findImages(source);
          deepEqual(names, [`${prefix}a.jpg`]);
          equal(problems.length, 1);
          ok(problems[0].name.startsWith(`${prefix}${name}/ddd`), problems[0].name);
          equal(problems[0].message, message);
        }
        await rm(join(folder, "a.jpg"));
        await rejects(findImages(folder), (error: Error) => {
          ok(error instanceof DataError);
          ok(
            error.message.startsWith("Cannot find images: data must hold at least one image, got "),
          );
          ok(error.message.endsWith(message), error.message);
          return true;
        });
      } finally {
        await undo();
      }
    }),
});

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

Deno.test("findImages() leaves out what macOS adds to folders", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "a.jpg": "", "b/._c.jpg": "", "__MACOSX/d.jpg": "", "._e.tar": "" });
    deepEqual(await namesIn(folder), ["a.jpg"]);
  }));

Deno.test("findImages() finds the images of shards in a folder, in a list, and alone", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, {
      "b.jpg": "b",
      "deep/one.TAR": tarFile([{ name: "z.jpg", data: "1z" }, { name: "deep/y.png", data: "1y" }]),
      "two.tar": tarFile([{ name: "x.jpg", data: "2x" }, { name: "x.txt", data: "label" }]),
      "z.jpg": "z",
    });
    const [one, two] = [join(folder, "deep", "one.TAR"), join(folder, "two.tar")];
    deepEqual(Object.entries(await imagesIn(folder)), [
      ["b.jpg", "b"],
      ["deep/one.TAR/deep/y.png", "1y"],
      ["deep/one.TAR/z.jpg", "1z"],
      ["two.tar/x.jpg", "2x"],
      ["z.jpg", "z"],
    ]);
    deepEqual(await imagesIn(two), { "two.tar/x.jpg": "2x" });
    deepEqual(Object.entries(await imagesIn([two, join(folder, "b.jpg"), one, `${folder}/deep`])), [
      [join(folder, "b.jpg"), "b"],
      [`${one}/deep/y.png`, "1y"],
      [`${one}/z.jpg`, "1z"],
      [`${two}/x.jpg`, "2x"],
    ]);
    const { location } = await findImages(two);
    deepEqual(location(0), { path: two, offset: 512, length: 2 });
  }));

Deno.test("findImages() takes the later of two entries of one name, as unpacking does", () =>
  inFolder(async (folder) => {
    const [first, second] = ["first", "second"].map((data) => ({ name: "a.jpg", data }));
    const other = { name: "b.jpg", data: "other" };
    await writeFile(join(folder, "s.tar"), tarFile([first, other, second]));
    deepEqual(await imagesIn(folder), { "s.tar/a.jpg": "second", "s.tar/b.jpg": "other" });
  }));

Deno.test("findImages() writes ranges out, unless a file has that very name", () =>
  inFolder(async (folder) => {
    const names = ["train-08.tar", "train-09.tar", "train-10.tar", "train-11.tar"];
    for (const name of names) {
      await writeFile(join(folder, name), tarFile([{ name: "a.jpg", data: name }]));
    }
    const ranged = join(folder, "train-{08..10}.tar");
    const expected = names.slice(0, 3).map((name) => join(folder, name, "a.jpg"));
    deepEqual(await namesIn(ranged), expected);
    deepEqual(await namesIn([ranged, join(folder, "train-09.tar")]), expected);
    deepEqual(await namesIn(join(folder, "train-{11..11}.tar")), [
      join(folder, "train-11.tar", "a.jpg"),
    ]);
    const missing = JSON.stringify(join(folder, "train-12.tar"));
    await rejects(
      findImages(join(folder, "train-{08..12}.tar")),
      new DataError(
        `Cannot find images: data must be an existing folder or file, got ${missing}; check the path`,
      ),
    );
    await writeFile(ranged, tarFile([{ name: "b.jpg" }]));
    deepEqual(await namesIn(ranged), ["train-{08..10}.tar/b.jpg"]);
  }));

Deno.test("findImages() reports shards that it cannot use, and uses the others", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, {
      "a.tar": Buffer.concat([tarEntry({ name: "a.jpg" }), new Uint8Array(512).fill(7)]),
      "b.tar": tarFile([{ name: "b.txt" }]),
      "c.tar.gz": gzipSync(tarFile([{ name: "c.jpg" }])),
      "d.tar": tarFile([{ name: "d.jpg" }]),
    });
    const { names, problems } = await findImages(folder);
    deepEqual(names, ["a.tar/a.jpg", "d.tar/d.jpg"]);
    deepEqual(problems, [
      {
        name: "a.tar",
        message: "Cannot index shard: header at byte 512 must have checksum 3784, got no number; " +
          "copy or make it again, for what follows is left out",
      },
      {
        name: "b.tar",
        message: "Cannot use shard: it must hold files that end in jpg, jpeg, png, webp, bmp, " +
          "gif, tif, tiff, ppm, pgm, got none; leave it out of data",
      },
      {
        name: "c.tar.gz",
        message: "Cannot index shard: it must not be compressed, as images are read from its " +
          "middle, got gzip; uncompress it",
      },
    ]);
    deepEqual((await findImages([join(folder, "b.tar"), join(folder, "d.tar")])).problems, [
      { name: join(folder, "b.tar"), message: problems[1].message },
    ]);
  }));

Deno.test("findImages() refuses shards without a single image", () =>
  inFolder(async (folder) => {
    const [empty, zipped] = [join(folder, "b.tar"), join(folder, "c.tgz")];
    await writeFile(empty, tarFile([{ name: "b.txt" }]));
    for (const source of [empty, folder, [empty]]) {
      await rejects(
        findImages(source),
        new DataError(
          "Cannot find images: data must hold files that end in jpg, jpeg, png, webp, bmp, gif, " +
            `tif, tiff, ppm, pgm, got none in ${JSON.stringify(source)}; point data at a folder ` +
            "with images",
        ),
      );
    }
    await writeFile(zipped, gzipSync(tarFile([{ name: "c.jpg" }])));
    for (const source of [zipped, folder]) {
      await rejects(
        findImages(source),
        new DataError(
          "Cannot find images: data must hold at least one image, got none; c.tgz: Cannot index " +
            "shard: it must not be compressed, as images are read from its middle, got gzip; " +
            "uncompress it",
        ),
      );
    }
  }));

Deno.test("findImages() finds the same in many shards again", () =>
  inFolder(async (folder) => {
    const expected: Record<string, string> = {};
    for (let i = 0; i < 30; i++) {
      const entries = Array.from(
        { length: 30 - i },
        (_, j) => ({ name: `${j}.jpg`, data: `${i}` }),
      );
      await writeFile(join(folder, `${i}.tar`), tarFile(entries));
      for (const { name, data } of entries) expected[`${i}.tar/${name}`] = data;
    }
    const images = await imagesIn(folder);
    deepEqual(images, expected);
    deepEqual(Object.keys(images), Object.keys(expected).sort());
  }));
