import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import { FileLock, LockedError } from "../files/file_lock.ts";
import { writeRefused } from "../files/write_refused.ts";

/**
 * Keeps others from writing the same file of features at the same time.
 *
 * @throws {ConfigError} If somebody does.
 * @throws {Error} If the system refuses to write there.
 */
export async function lockFeatures(out: string): Promise<FileLock> {
  const path = `${out}.lock`;
  try {
    await mkdir(dirname(out), { recursive: true });
    return await FileLock.take(path);
  } catch (error) {
    if (!(error instanceof LockedError)) throw writeRefused(out, error, "run it again");
    const remedy = error.isSure ? "" : `, or remove "${path}" if that one is gone`;
    const message = `must be a file that nobody else writes, got "${out}", which ${error.who}; ` +
      `wait for it, stop it, or choose another file${remedy}`;
    throw new ConfigError([{ key: "out", message }]);
  }
}
