import type { FileHandle } from "node:fs/promises";

/** Bytes of a call: one of 2 GiB or more is cut short by the system. */
const CALL_BYTES = 256 * 1024 * 1024;

/** Writes all bytes from `position` on; without one, after what was written before. */
export async function writeAll(
  file: Pick<FileHandle, "write">,
  bytes: Uint8Array,
  position: number | null = null,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(CALL_BYTES, bytes.length - done);
    const at = position === null ? null : position + done;
    done += (await file.write(bytes, done, length, at)).bytesWritten;
  }
}
