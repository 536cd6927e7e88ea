import { createHash } from "node:crypto";
import { decodeImage } from "./decode.ts";
import { type ImageFormat, readImageHeader } from "./image_header.ts";
import { type ImageLocation, readImageBytes } from "./image_set.ts";

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
 * @throws {Error} If the file cannot be read or decoded.
 */
export async function inspectImage(at: ImageLocation): Promise<ImageFacts> {
  const bytes = await readImageBytes(at);
  const start = performance.now();
  const { width, height, pixels } = await decodeImage(bytes);
  const decodeMs = performance.now() - start;
  const hash = createHash("sha256").update(`${width} x ${height} `).update(pixels).digest("hex");
  const { format } = readImageHeader(bytes);
  return { format, width, height, fileBytes: bytes.length, hash, decodeMs };
}
