import { deepEqual, equal } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";

/** A pixel in every number of channels that a file can be decoded to. */
export type Pixel = [gray: number, red: number, green: number, blue: number, alpha: number];

/** What each number of channels takes of a pixel. */
const TAKEN = [[0], [0, 4], [1, 2, 3], [1, 2, 3, 4]];

/** Decodes a file to 1, 2, 3 and 4 channels and compares with the pixels it must have. */
export async function assertDecodes(
  file: Uint8Array,
  [width, height]: [number, number],
  pixels: Pixel[],
): Promise<void> {
  for (const [i, taken] of TAKEN.entries()) {
    const image = await decodeImage(file, i + 1);
    const expected = pixels.flatMap((pixel) => taken.map((sample) => pixel[sample]));
    deepEqual(image, { width, height, channels: i + 1, pixels: Uint8Array.from(expected) });
    equal(image.pixels.byteOffset, 0);
    equal(image.pixels.buffer.byteLength, expected.length, "the buffer holds the pixels alone");
  }
}
