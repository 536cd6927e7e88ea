import { readFile, stat } from "node:fs/promises";
import { type OpenFile, readAt } from "../files/positioned_read.ts";

/** Most bytes of an image: more than one call reads, or than any image that is decoded needs. */
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/**
 * Reads the bytes of an image that is a file.
 *
 * @throws {Error} If it cannot be read, or is too large.
 */
export async function readWhole(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  refuseLarge(path, size);
  return await readFile(path);
}

/**
 * Reads the bytes of an image that is a part of a file.
 *
 * @throws {Error} If the file ends before the part does, or the part is too large.
 */
export async function readPart(
  file: OpenFile,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  let got = Math.max(0, file.sizeBytes - offset);
  if (got >= length) { // else a damaged header could ask for more memory than there is
    refuseLarge(`${file.path} at byte ${offset}`, length);
    const bytes = new Uint8Array(length);
    got = await readAt(file, bytes, offset);
    if (got === length) return bytes;
  }
  throw new Error(
    `Cannot read image: ${file.path} must hold ${length} bytes from byte ${offset}, got ${got}; ` +
      `copy or make the shard again`,
  );
}

function refuseLarge(place: string, bytes: number): void {
  if (bytes <= MAX_IMAGE_BYTES) return;
  throw new Error(
    `Cannot read image: ${place} must have at most ${MAX_IMAGE_BYTES} bytes, got ${bytes}; ` +
      `make it smaller`,
  );
}
