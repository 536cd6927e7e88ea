import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";

/** What a part belongs to: the answer that its bytes came with. */
export interface PartOrigin {
  url: string;
  /** The server's ETag or date of the file; a part without is not gone on with. */
  validator: string;
}

/**
 * The beginning of a file that is being downloaded, `NAME.part`, with `NAME.part.json` beside it
 * that says what it is the beginning of.
 *
 * `NAME.part.lock` is locked by the operating system for as long: of several processes one
 * downloads, and the lock does not outlive it, so that the next goes on with what it left. A file
 * of its own, since on Windows nobody can read one that is locked, not even to check it.
 */
export class PartFile implements Disposable {
  readonly path: string;
  readonly #target: string;
  readonly #lock: Deno.FsFile;

  private constructor(target: string, lock: Deno.FsFile) {
    this.#target = target;
    this.path = `${target}.part`;
    this.#lock = lock;
  }

  /** The part of `target`; undefined if another process is writing it. */
  static async take(target: string): Promise<PartFile | undefined> {
    const path = `${target}.part.lock`;
    const lock = await Deno.open(path, { write: true, create: true });
    try {
      const isFree = await lock.tryLock(true).catch(() => true); // not every file system has locks
      // Its holder may have removed it after we opened it: what is there now is another file.
      if (isFree && (await lock.stat()).ino === (await stat(path))?.ino) {
        return new PartFile(target, lock);
      }
    } catch (error) {
      lock.close();
      throw error;
    }
    lock.close();
    return undefined;
  }

  /** Bytes so far. */
  async size(): Promise<number> {
    return (await stat(this.path))?.size ?? 0;
  }

  /** What it is the beginning of; undefined if nobody knows. */
  async origin(): Promise<PartOrigin | undefined> {
    try {
      const { url, validator } = JSON.parse(await readFile(`${this.path}.json`, "utf8"));
      return typeof validator === "string" ? { url, validator } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Begins anew; what it is the beginning of is known before there are bytes. */
  async restart(origin: Partial<PartOrigin>): Promise<void> {
    await writeFile(this.path, "");
    await writeFile(`${this.path}.json`, JSON.stringify(origin) + "\n");
  }

  /** Opens it to add what comes; the caller closes it. */
  async append(): Promise<FileHandle> {
    return await open(this.path, "a");
  }

  /** Waits for the disk and puts the whole file in its place. */
  async finish(): Promise<void> {
    const file = await open(this.path, "r+");
    await file.sync().finally(() => file.close());
    await rename(this.path, this.#target);
    await rm(`${this.path}.json`, { force: true });
  }

  /** Nothing of it is worth going on with. */
  async discard(): Promise<void> {
    for (const path of [`${this.path}.json`, this.path]) await rm(path, { force: true });
  }

  /** Lets the next process in; the lock's file is removed while it is still ours. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(`${this.path}.lock`);
    } catch {
      // Without the lock on it, it keeps nobody out.
    }
    this.#lock.close();
  }
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}
