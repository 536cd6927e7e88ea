import { deepEqual, equal, ok } from "node:assert/strict";
import { decodeImage } from "../../src/data/decode.ts";
import { encodePng } from "../../src/data/encode.ts";
import { drawTexture } from "../../src/demo/textures.ts";
import { type RandomStream, randomStream } from "../../src/random.ts";
import { encodedAs, gifFile, jpegFile, pnmFile, tiffFile } from "../support/image_files.ts";

const FILES = 2000;

/** A small file of each format. */
async function wholeFiles(): Promise<Uint8Array[]> {
  const image = drawTexture(randomStream(1, "fuzz"), "dots", 24);
  const png = encodePng(image);
  const blocks = [[9, 8, 7], [100, 110, 120], [255, 0, 255], [30, 20, 10]];
  return [
    png,
    jpegFile({ columns: 2, blocks, adobe: 0 }),
    jpegFile({ columns: 2, blocks, progressive: true }),
    gifFile(),
    tiffFile({ width: 24, height: 24, samples: [...image.pixels] }),
    pnmFile("P6\n24 24\n255\n", [...image.pixels]),
    ...await Promise.all((["webpLossless", "bmp", "tiff"] as const).map((f) => encodedAs(png, f))),
  ];
}

/** Changes up to eight bytes, cuts the file short, or puts another format's start before it. */
function damage(stream: RandomStream, files: Uint8Array[], at: number): Uint8Array {
  const file = files[at].slice();
  const kind = stream.int(4);
  if (kind === 0) return file.subarray(0, stream.int(file.length));
  if (kind === 1) {
    file.set(files[stream.int(files.length)].subarray(0, 4 + stream.int(16)));
    return file;
  }
  const reach = kind === 2 ? Math.min(64, file.length) : file.length; // headers matter most
  for (let i = stream.int(8); i >= 0; i--) file[stream.int(reach)] = stream.int(256);
  return file;
}

Deno.test("decodeImage() gives an image or an error for 2000 damaged files, and keeps working", async () => {
  const files = await wholeFiles();
  const before = await Promise.all(files.map(decodeImage));
  const stream = randomStream(7, "damage");
  const counts = { read: 0, refused: 0 };
  for (let i = 0; i < FILES; i++) {
    const file = damage(stream, files, i % files.length);
    try {
      const { width, height, pixels } = await decodeImage(file);
      ok(width > 0 && height > 0, `file ${i}`);
      equal(pixels.length, width * height * 3, `file ${i}`);
      counts.read++;
    } catch (error) {
      const { message } = error as Error;
      ok(message.startsWith("Cannot decode image: "), `file ${i}: ${message}`);
      counts.refused++;
    }
  }
  ok(counts.read > 100 && counts.refused > 500, JSON.stringify(counts));
  deepEqual(await Promise.all(files.map(decodeImage)), before, "whole files are read as before");
});
