import { crc32, deflateSync } from "node:zlib";
import { loadEncoders } from "../deps/imagescript.ts";
import type { Raster } from "./raster.ts";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Encodes an image as an 8-bit RGB PNG.
 *
 * Ours, as imagescript's own encoder writes broken files where the pixels do not compress.
 */
export function encodePng({ width, height, pixels }: Raster): Uint8Array<ArrayBuffer> {
  const stride = width * 3;
  const lines = new Uint8Array(height * (stride + 1)); // each after a filter byte of 0: none
  for (let y = 0; y < height; y++) {
    lines.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  }
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, 2], 8); // 8 bits a channel, RGB
  const chunks = [
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(lines)),
    pngChunk("IEND", new Uint8Array()),
  ];
  const file = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 8));
  file.set(PNG_SIGNATURE);
  let at = PNG_SIGNATURE.length;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.length;
  }
  return file;
}

/** Length, type, data and checksum of one part of a PNG file. */
function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(data.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  return chunk;
}

/**
 * Encodes an image as a JPEG.
 *
 * @param quality 1 to 100.
 * @throws {Error} Where imagescript has no native encoder for this platform.
 */
export async function encodeJpeg(
  { width, height, pixels }: Raster,
  quality = 90,
): Promise<Uint8Array<ArrayBuffer>> {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    rgba[to] = pixels[from];
    rgba[to + 1] = pixels[from + 1];
    rgba[to + 2] = pixels[from + 2];
  }
  const { jpeg } = await loadEncoders();
  return new Uint8Array(await jpeg.encode_async(rgba, { width, height, quality }));
}
