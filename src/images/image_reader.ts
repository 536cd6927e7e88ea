import type { ImageLocation } from "./image_set.ts";
import { type OpenFile, openFile } from "../files/positioned_read.ts";
import { readPart, readWhole } from "./image_bytes.ts";

/** Shards kept open: far fewer than a process may have, for each worker has as many. */
const MAX_OPEN = 16;

/**
 * Reads images, and keeps the shards used last open: an image of theirs is one read.
 *
 * @example
 * ```ts
 * import { findImages } from "./find_images.ts";
 * import { ImageReader } from "./image_reader.ts";
 *
 * async function firstImage(source: string) {
 *   using reader = new ImageReader();
 *   return await reader.read((await findImages(source)).location(0));
 * }
 * ```
 */
export class ImageReader implements Disposable {
  readonly #open = new Map<string, OpenFile>(); // least recently used first
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * The bytes of one image.
   *
   * @throws {Error} If it cannot be read, or the reader is closed.
   */
  read({ path, offset, length }: ImageLocation): Promise<Uint8Array> {
    if (offset === undefined || length === undefined) return readWhole(path);
    // In turn: no file is closed while another read is at it.
    const bytes = this.#turn.then(async () => readPart(await this.#file(path), offset, length));
    this.#turn = bytes.catch(() => {});
    return bytes;
  }

  /** Closes its files; reads that wait are rejected. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const { handle } of this.#open.values()) void handle.close();
    this.#open.clear();
  }

  async #file(path: string): Promise<OpenFile> {
    const known = this.#open.get(path);
    this.#open.delete(path);
    const file = known ?? await openFile(path);
    if (this.#closed) {
      await file.handle.close();
      throw new Error(`Cannot read image: reader must be open, got a closed one; make a new one`);
    }
    this.#open.set(path, file);
    if (this.#open.size > MAX_OPEN) {
      const [oldest] = this.#open.values();
      this.#open.delete(oldest.path);
      await oldest.handle.close();
    }
    return file;
  }
}
