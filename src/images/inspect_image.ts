import { createHash } from "node:crypto";
import { decodeImage } from "./decode.ts";
import { type ImageFormat, readImageHeader } from "./image_header.ts";
import type { ImageReader } from "./image_reader.ts";
import type { ImageLocation } from "./image_set.ts";

/** What is worth knowing of an image before it is trained on. */
export interface ImageFacts {
  format: ImageFormat;
  /** Size in pixels, with the orientation applied. */
  width: number;
  height: number;
  /** Bytes of its file, or of its part of one. */
  fileBytes: number;
  /** SHA-256 of size and decoded pixels: the same for the same picture, in whatever file. */
  hash: string;
  /** Time that decoding took, without reading the file. */
  decodeMs: number;
}

/**
 * Reads and decodes one image.
 *
 * @param channels As training will ask for them: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
 * @throws {Error} If the image cannot be read or decoded.
 */
export async function inspectImage(
  at: ImageLocation,
  reader: ImageReader,
  channels = 3,
): Promise<ImageFacts> {
  const bytes = await reader.read(at);
  const start = performance.now();
  const { width, height, pixels } = await decodeImage(bytes, channels);
  const decodeMs = performance.now() - start;
  const hash = createHash("sha256").update(`${width} x ${height} `).update(pixels).digest("hex");
  const { format } = readImageHeader(bytes);
  return { format, width, height, fileBytes: bytes.length, hash, decodeMs };
}
