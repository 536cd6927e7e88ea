import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { syncFolder } from "./sync_folder.ts";

/**
 * Writes a file so that `path` holds either the old one or the whole new one, also after a kill or
 * a power cut: beside its place, synced, renamed. A failure leaves `path` as it was.
 *
 * @param content What is in it, or what writes it.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | ((file: FileHandle) => Promise<void>),
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await (typeof content === "function" ? content(file) : file.writeFile(content));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(path);
}
