import { join } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import { FileLock, LockedError } from "../files/file_lock.ts";

/** Name of the lock in a run's folder. */
export const LOCK_NAME = "run.lock";

/**
 * Keeps a second run out of an existing folder for as long as this one lives.
 *
 * @throws {ConfigError} If another run holds it, or the folder cannot be written.
 */
export async function lockRun(out: string): Promise<FileLock> {
  try {
    return await FileLock.take(join(out, LOCK_NAME));
  } catch (error) {
    if (!(error instanceof LockedError)) {
      const { code, message } = error as { code?: string; message: string };
      throw notWritable(out, code ?? message);
    }
    const remedy = error.isSure ? "" : `, or remove ${LOCK_NAME} there if that run is gone`;
    const message = `must be a folder that no other run uses, got "${out}", which ${error.who}; ` +
      `wait for it, stop it, or choose another folder${remedy}`;
    throw new ConfigError([{ key: "out", message }]);
  }
}

/** The error for an `out` folder that refuses what a run must write. */
export function notWritable(out: string, code: string): ConfigError {
  const message = `must be a folder that can be written, got "${out}" (${code}); choose another`;
  return new ConfigError([{ key: "out", message }]);
}
