import { readFile, writeFile } from "node:fs/promises";

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
 * It is locked by the operating system: of several processes one downloads, and the lock does not
 * outlive it, so that the next goes on with what it left.
 */
export class PartFile implements Disposable {
  readonly path: string;
  readonly #target: string;
  readonly #file: Deno.FsFile;

  private constructor(target: string, file: Deno.FsFile) {
    this.#target = target;
    this.path = `${target}.part`;
    this.#file = file;
  }

  /** The part of `target`; undefined if another process is writing it. */
  static async take(target: string): Promise<PartFile | undefined> {
    const path = `${target}.part`;
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      const isFree = await file.tryLock(true).catch(() => true); // not every file system has locks
      // Its writer may have put it in its place between our two calls.
      if (isFree && (await file.stat()).ino === await inodeAt(path)) {
        return new PartFile(target, file);
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  }

  /** Bytes so far. */
  async size(): Promise<number> {
    return (await this.#file.stat()).size;
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
    await this.#file.truncate();
    await writeFile(`${this.path}.json`, JSON.stringify(origin) + "\n");
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.seek(0, Deno.SeekMode.End);
    for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
  }

  /** Waits for the disk and puts the whole file in its place. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await Deno.rename(this.path, this.#target);
    await Deno.remove(`${this.path}.json`).catch(() => {});
  }

  /** Nothing of it is worth going on with. */
  async discard(): Promise<void> {
    for (const path of [`${this.path}.json`, this.path]) await Deno.remove(path).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

async function inodeAt(path: string): Promise<number | null | undefined> {
  return (await Deno.stat(path).catch(() => undefined))?.ino;
}
