import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeJpeg, encodePng } from "../images/encode.ts";
import { randomStream } from "../random.ts";
import { drawTexture, TEXTURE_CLASSES } from "./textures.ts";

/**
 * Writes a labelled set of texture images: one folder for each class, JPEG and PNG files by turns.
 *
 * The same arguments write the same bytes.
 *
 * @example
 * ```ts
 * import { writeTextureSet } from "./texture_set.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await writeTextureSet(folder, { images: 20 });
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @param options `images` in all, spread evenly over the ten classes; `size` is the side in pixels;
 *   `progress` is called after each image.
 */
export async function writeTextureSet(
  folder: string,
  { images, size = 64, seed = 0, progress }: {
    images: number;
    size?: number;
    seed?: number;
    progress?: (done: number, total: number) => void;
  },
): Promise<void> {
  for (const kind of TEXTURE_CLASSES) await mkdir(join(folder, kind), { recursive: true });
  for (let i = 0; i < images; i++) {
    const kind = TEXTURE_CLASSES[i % TEXTURE_CLASSES.length];
    const number = Math.floor(i / TEXTURE_CLASSES.length);
    const image = drawTexture(randomStream(seed, "texture", i), kind, size);
    const asJpeg = number % 2 === 0;
    const bytes = asJpeg ? await encodeJpeg(image, 92) : encodePng(image);
    const name = `${kind}_${String(number).padStart(4, "0")}.${asJpeg ? "jpg" : "png"}`;
    await writeFile(join(folder, kind, name), bytes);
    progress?.(i + 1, images);
  }
}
