import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng } from "../../src/images/encode.ts";
import { randomStream } from "../../src/random.ts";

/** What classes are called, and what they look like. */
export const COLORS = { blue: [30, 60, 220], green: [40, 200, 60], red: [220, 50, 40] };

/** Folders of images that are of the color that their folder is called, more or less. */
export async function writeColors(folder: string, each: number, seed: number): Promise<string> {
  const stream = randomStream(seed, "colors");
  for (const [name, color] of Object.entries(COLORS)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) {
      const pixels = Uint8Array.from(
        { length: 24 * 24 * 3 },
        (_, at) => color[at % 3] + stream.int(30),
      );
      const png = encodePng({ width: 24, height: 24, channels: 3, pixels });
      await writeFile(join(folder, name, `${i}.png`), png);
    }
  }
  return folder;
}

/** Two sets of such folders. */
export async function colorSets(): Promise<{ train: string; test: string }> {
  const folder = await Deno.makeTempDir();
  return {
    train: await writeColors(join(folder, "train"), 7, 1),
    test: await writeColors(join(folder, "test"), 4, 2),
  };
}
