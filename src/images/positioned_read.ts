import { type FileHandle, open } from "node:fs/promises";

/** A file that is read at any place, with its size when it was opened. */
export interface OpenFile {
  path: string;
  handle: FileHandle;
  sizeBytes: number;
}

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
 * Reads the bytes of an image that is a part of a file.
 *
 * @throws {Error} If the file ends before the part does.
 */
export async function readPart(
  file: OpenFile,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  let got = Math.max(0, file.sizeBytes - offset);
  if (got >= length) { // else a damaged header could ask for more memory than there is
    const bytes = new Uint8Array(length);
    got = await readAt(file, bytes, offset);
    if (got === length) return bytes;
  }
  throw new Error(
    `Cannot read image: ${file.path} must hold ${length} bytes from byte ${offset}, got ${got}; ` +
      `copy or make the shard again`,
  );
}
