import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "../../src/images/decode.ts";
import { findImages } from "../../src/images/find_images.ts";
import { TEXTURE_CLASSES } from "../../src/demo/textures.ts";
import { writeTextureSet } from "../../src/demo/texture_set.ts";

/** Writes a set, and reads it back: path → bytes. */
async function textureSet(images: number, seed = 0): Promise<Map<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), "textures-"));
  try {
    await writeTextureSet(folder, { images, seed, size: 32 });
    const files = new Map<string, Uint8Array>();
    for (const path of (await findImages(folder)).names) {
      files.set(path, new Uint8Array(await readFile(join(folder, path))));
    }
    return files;
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("writeTextureSet() writes the same labelled files for the same seed", async () => {
  const files = await textureSet(40);
  deepEqual(await textureSet(40), files);
  notDeepEqual(await textureSet(40, 1), files);
  equal(files.size, 40);
  const labels = new Set([...files.keys()].map((path) => path.split("/")[0]));
  deepEqual([...labels].sort(), [...TEXTURE_CLASSES].sort());
  const kinds = [...files.keys()].map((path) => path.split(".")[1]);
  equal(kinds.filter((kind) => kind === "jpg").length, 20);
  equal(kinds.filter((kind) => kind === "png").length, 20);
});

Deno.test("writeTextureSet() draws classes that raw pixels do not tell apart", async () => {
  const images = [];
  for (const [path, bytes] of await textureSet(300)) {
    const { width, height, pixels } = await decodeImage(bytes);
    deepEqual([width, height], [32, 32]);
    images.push({ label: path.split("/")[0], pixels });
  }
  let right = 0;
  for (const image of images) {
    let [nearest, label] = [Infinity, ""];
    for (const other of images) {
      if (other === image) continue;
      let far = 0; // squared distance, given up once it is not the nearest
      for (let i = 0; i < image.pixels.length && far < nearest; i++) {
        far += (image.pixels[i] - other.pixels[i]) ** 2;
      }
      if (far < nearest) [nearest, label] = [far, other.label];
    }
    right += Number(label === image.label);
  }
  // Chance is 0.1; clouds find clouds, as smooth images lie near each other.
  ok(right / images.length < 0.3, `nearest neighbour accuracy ${right / images.length}`);
});
