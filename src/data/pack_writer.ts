import { DataError } from "../images/errors.ts";
import { HEADER_BYTES, originBytes, packHeader, type PackIndex } from "./pack_file.ts";
import type { PackOrigin } from "./pack_origin.ts";

/** Small images are written together: 50,000 of them are not 50,000 calls. */
const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Writes a pack beside its path, and puts it there as a whole.
 *
 * The file beside is locked: one of several runs writes it, and a lock does not outlive its run.
 * What an interrupted run left there is overwritten.
 */
export class PackWriter implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #chunkBytes = 0;
  #place: number; // of the chunk in the file
  #finished = false;

  private constructor(path: string, temporary: string, file: Deno.FsFile, index: PackIndex) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#place = HEADER_BYTES + index.bytes.length;
    file.seekSync(this.#place, Deno.SeekMode.Start);
  }

  /**
   * Opens the file beside `path`.
   *
   * @param onWait Called if another run is writing it.
   * @returns undefined once another run has finished, or given up.
   * @throws {DataError} If it cannot be written.
   */
  static async open(
    path: string,
    index: PackIndex,
    onWait: () => void,
  ): Promise<PackWriter | undefined> {
    const temporary = `${path}.tmp`;
    const file = await Deno.open(temporary, { write: true, create: true })
      .catch((error) => Promise.reject(writeError(path, error)));
    try {
      const isFree = await file.tryLock(true).catch(() => true); // not every file system has locks
      const { ino, size } = await file.stat();
      if (!isFree) {
        onWait();
        await file.lock(true);
      } else if (ino === (await Deno.stat(temporary)).ino) {
        if (size > 0) await file.truncate();
        return new PackWriter(path, temporary, file, index);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) { // renamed by its writer meanwhile
        file.close();
        throw writeError(path, error);
      }
    }
    file.close();
    return undefined;
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#place + this.#chunkBytes;
  }

  /** Adds the pixels of an image, on a word boundary; returns where they begin. */
  append(pixels: Uint8Array): number {
    const bytes = Math.ceil(pixels.length / 4) * 4;
    if (bytes > CHUNK_BYTES - this.#chunkBytes) this.#flush();
    const place = this.sizeBytes;
    if (bytes > CHUNK_BYTES) {
      const rest = pixels.length % 4;
      const whole = pixels.length - rest;
      this.#write(pixels.subarray(0, whole));
      if (rest > 0) this.append(pixels.subarray(whole));
    } else {
      this.#chunk.set(pixels, this.#chunkBytes);
      this.#chunk.fill(0, this.#chunkBytes + pixels.length, this.#chunkBytes + bytes);
      this.#chunkBytes += bytes;
    }
    return place;
  }

  /** Adds index and header, waits for the disk, and puts the pack in its place. */
  finish(index: PackIndex, origin: PackOrigin): void {
    this.#flush();
    const originPlace = this.#place;
    this.#write(originBytes(origin));
    const end = this.#place;
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#write(packHeader(index, origin, originPlace));
    this.#write(index.bytes);
    this.#place = end;
    this.#file.syncSync();
    Deno.renameSync(this.#temporary, this.#path);
    this.#finished = true;
  }

  /** Lets go of the file; of an unfinished pack nothing stays. */
  [Symbol.dispose](): void {
    try {
      if (!this.#finished) Deno.removeSync(this.#temporary); // while it is locked
    } catch {
      // The next run overwrites it.
    }
    this.#file.close();
  }

  #flush(): void {
    this.#write(this.#chunk.subarray(0, this.#chunkBytes));
    this.#chunkBytes = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    this.#place += bytes.length;
  }
}

/** What to say where the system refuses to write a pack. */
export function writeError(path: string, error: unknown): DataError {
  const { code, message } = error as { code?: string; message: string };
  return new DataError(
    `Cannot pack images: cache_disk must be a path that can be written, got "${path}" ` +
      `(${code ?? message}); choose another`,
  );
}
