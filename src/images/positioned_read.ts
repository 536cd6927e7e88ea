import { type FileHandle, open, readFile, stat } from "node:fs/promises";

/** A file that is read at any place, with its size when it was opened. */
export interface OpenFile {
  path: string;
  handle: FileHandle;
  sizeBytes: number;
}

/** Most bytes of an image: more than one call reads, or than any image that is decoded needs. */
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/** Opens a file for reading; the caller closes its handle. */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path);
  try {
    return { path, handle, sizeBytes: (await handle.stat()).size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Fills `bytes` from a place of the file; returns how many there were. */
export async function readAt(file: OpenFile, bytes: Uint8Array, offset: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) { // a read may stop early
    const left = bytes.length - filled;
    const { bytesRead } = await file.handle.read(bytes, filled, left, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

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
