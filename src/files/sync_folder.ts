import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes a rename in the folder of `path` durable, where the system can sync a folder. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Windows and some network file systems cannot; the file itself is safe.
  }
}
