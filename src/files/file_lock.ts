import { hostname } from "node:os";
import process from "node:process";

/** Who holds a lock. */
interface Holder {
  pid: number;
  host: string;
  started: string;
}

/** Another process holds the lock that is asked for. */
export class LockedError extends Error {
  override name = "LockedError";

  /**
   * @param holder Undefined if the file does not say.
   * @param isSure False on a file system without locks, where one may be left of a crash.
   */
  constructor(
    readonly path: string,
    readonly holder: Holder | undefined,
    readonly isSure: boolean,
  ) {
    super(`Cannot lock "${path}": it must be free, got one that ${whoHolds(holder)}; wait for it`);
  }

  /** Who it is, as what comes after "which". */
  get who(): string {
    return whoHolds(this.holder);
  }
}

/**
 * Keeps others out of what a file stands for, for as long as this process lives.
 *
 * The system's own file lock does it, which goes with the process however that ends; what the file
 * says is for people. On file systems without locks the process named there is looked for.
 *
 * @example
 * ```ts
 * import { FileLock } from "./file_lock.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   using _lock = await FileLock.take(`${folder}/run.lock`);
 *   // nobody else runs here
 * }
 * ```
 */
export class FileLock implements Disposable {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /**
   * Takes a lock; its folder exists.
   *
   * @throws {LockedError} If another holds it.
   * @throws {Error} If the system refuses to write the file.
   */
  static async take(path: string): Promise<FileLock> {
    while (true) {
      const file = await Deno.open(path, { read: true, write: true, create: true });
      try {
        await assertFree(file, path);
        if (await isAt(file, path)) {
          await writeHolder(file);
          return new FileLock(path, file);
        }
      } catch (error) {
        file.close();
        throw error;
      }
      file.close(); // its holder removed it after we opened it: what is there now is another file
    }
  }

  /** Lets the next one in; the file is removed while it is still ours. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // Without the lock on it, it keeps nobody out.
    }
    this.file.close();
  }
}

function whoHolds(holder: Holder | undefined): string {
  if (holder === undefined) return "another process uses";
  return `process ${holder.pid} on ${holder.host} has used since ${holder.started}`;
}

async function assertFree(file: Deno.FsFile, path: string): Promise<void> {
  const locked = await file.tryLock(true).catch(() => undefined); // undefined: no locks here
  if (locked === true) return;
  const holder = await holderIn(file);
  if (locked === undefined && !mayLive(holder)) return;
  throw new LockedError(path, holder, locked !== undefined);
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
