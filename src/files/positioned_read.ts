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
