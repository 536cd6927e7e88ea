import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng } from "../../src/images/encode.ts";
import { drawTexture } from "../../src/demo/textures.ts";
import { randomStream } from "../../src/random.ts";

/**
 * Makes a folder of square images in a temporary one, and removes both afterwards.
 *
 * @param sides Of each image, in pixels; the first is `0.png`.
 * @param body Takes the temporary folder; the images are in its folder `data`.
 */
export async function withImageFolder(
  sides: readonly number[],
  body: (folder: string, data: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "images-"));
  const data = join(folder, "data");
  try {
    await Deno.mkdir(data);
    for (const [i, side] of sides.entries()) await writeImage(join(data, `${i}.png`), side, i);
    await body(folder, data);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes a square image. */
export async function writeImage(path: string, side: number, seed: number): Promise<void> {
  await writeFile(path, encodePng(drawTexture(randomStream(seed, "image"), "dots", side)));
}
