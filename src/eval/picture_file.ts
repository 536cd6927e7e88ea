import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";

/**
 * Asked before anything is computed.
 *
 * @throws {ConfigError} If the file is there and is not to be replaced.
 */
export async function refuseToReplace(
  { out, overwrite }: { out: string; overwrite: boolean },
): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || (overwrite && found.isFile())) return;
  const message = found.isFile()
    ? `must be a new file, got "${out}", which exists; choose another, or write overwrite=true`
    : `must be a file, got the folder "${out}"; choose another`;
  throw new ConfigError([{ key: "out", message }]);
}

/** Writes a picture, and the folders that lead to it. @throws {Error} If the system refuses. */
export async function writePicture(out: string, png: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(out), { recursive: true });
    await writeWhole(out, png);
  } catch (error) {
    throw writeRefused(out, error);
  }
}
