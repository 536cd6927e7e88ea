import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";

/** Writes a picture or a page, and the folders that lead to it. @throws {Error} If the system refuses. */
export async function writePicture(out: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(out), { recursive: true });
    await writeWhole(out, bytes);
  } catch (error) {
    throw writeRefused(out, error, "draw it again");
  }
}
