import { crc32 } from "node:zlib";
import type { ImageReader } from "../images/image_reader.ts";
import type { ImageLocation, RawPixels } from "../images/image_set.ts";
import type { Raster } from "../images/raster.ts";

/**
 * Reads the pixels of an image from a pack.
 *
 * @returns The image, in a buffer of whole words, as packs have them.
 * @throws {Error} If the pack is damaged there, or cannot be read.
 */
export async function readPacked(
  at: ImageLocation,
  { width, height, channels, crc32: expected }: RawPixels,
  reader: ImageReader,
): Promise<Raster> {
  let bytes: Uint8Array;
  try {
    bytes = await reader.read(at);
  } catch (error) {
    throw damageError(at, `be readable`, (error as Error).message);
  }
  const pixels = bytes.subarray(0, width * height * channels);
  const actual = crc32(pixels);
  if (actual === expected) return { width, height, channels, pixels };
  throw damageError(at, `hold pixels of CRC-32 ${hex(expected)}`, hex(actual));
}

function damageError({ path, offset }: ImageLocation, must: string, got: string): Error {
  return new Error(
    `Cannot use packed images: "${path}" must ${must} at byte ${offset}, got ${got}; delete the ` +
      `file to have them packed again (originals are read instead of damaged ones)`,
  );
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
