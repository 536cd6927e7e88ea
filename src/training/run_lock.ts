import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ConfigError } from "../config/config_error.ts";

/** Name of the lock in a run's folder. */
export const LOCK_NAME = "run.lock";

/** Who holds a lock. */
interface Holder {
  pid: number;
  host: string;
  started: string;
}

/**
 * Keeps a second run out of a folder for as long as this one lives.
 *
 * The system's own file lock does it, which goes with the process however that ends; what the file
 * says is for people. On file systems without locks the process named there is looked for.
 *
 * @example
 * ```ts
 * import { RunLock } from "./run_lock.ts";
 *
 * const out = await Deno.makeTempDir();
 * {
 *   using _lock = await RunLock.take(out);
 *   // nobody else runs here
 * }
 * ```
 */
export class RunLock implements Disposable {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /**
   * Takes the lock of an existing folder.
   *
   * @throws {ConfigError} If another run holds it, or the folder cannot be written.
   */
  static async take(out: string): Promise<RunLock> {
    const path = join(out, LOCK_NAME);
    while (true) {
      const file = await Deno.open(path, { read: true, write: true, create: true })
        .catch(({ code, message }) => Promise.reject(notWritable(out, code ?? message)));
      try {
        await assertFree(file, out);
        if (await isAt(file, path)) {
          await writeHolder(file);
          return new RunLock(path, file);
        }
      } catch (error) {
        file.close();
        throw error;
      }
      file.close(); // its holder removed it after we opened it: what is there now is another file
    }
  }

  /** Lets the next run in; the file is removed while it is still ours. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // Without the lock on it, it keeps nobody out.
    }
    this.file.close();
  }
}

/** The error for an `out` folder that refuses what a run must write. */
export function notWritable(out: string, code: string): ConfigError {
  const message = `must be a folder that can be written, got "${out}" (${code}); choose another`;
  return new ConfigError([{ key: "out", message }]);
}

async function assertFree(file: Deno.FsFile, out: string): Promise<void> {
  const locked = await file.tryLock(true).catch(() => undefined); // undefined: no locks here
  if (locked === true) return;
  const holder = await holderIn(file);
  if (locked === undefined && !mayLive(holder)) return;
  const { pid, host, started } = holder ?? {};
  const who = pid === undefined
    ? "which another run uses"
    : `which process ${pid} on ${host} has used since ${started}`;
  const remedy = locked === undefined ? `, or remove ${LOCK_NAME} there if that run is gone` : "";
  const message = `must be a folder that no other run uses, got "${out}", ${who}; wait for it, ` +
    `stop it, or choose another folder${remedy}`;
  throw new ConfigError([{ key: "out", message }]);
}

async function holderIn(file: Deno.FsFile): Promise<Holder | undefined> {
  try {
    const bytes = new Uint8Array(4096);
    await file.seek(0, Deno.SeekMode.Start);
    const length = await file.read(bytes) ?? 0;
    return JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
  } catch {
    return undefined; // cut off by a crash, being written, or shut away by the lock itself
  }
}

/** Whether the process may still run; of another machine nobody can tell. */
function mayLive(holder: Holder | undefined): boolean {
  if (holder === undefined || holder.host !== hostname()) return holder !== undefined;
  try {
    process.kill(holder.pid, 0); // asks only
    return holder.pid !== Deno.pid;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // another user's
  }
}

async function isAt(file: Deno.FsFile, path: string): Promise<boolean> {
  const there = await Deno.stat(path).catch(() => undefined);
  return there !== undefined && there.ino === (await file.stat()).ino;
}

async function writeHolder(file: Deno.FsFile): Promise<void> {
  const holder: Holder = {
    pid: Deno.pid,
    host: hostname(),
    started: new Date().toISOString(),
  };
  await file.truncate();
  await file.seek(0, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode(JSON.stringify(holder) + "\n"));
}
