import { type OpenFile, readAt } from "../files/positioned_read.ts";
import { shardError } from "./tar_header.ts";

/** Bytes of a read: more after small entries, where the next headers are likely to be in it. */
const [MIN_READ, MAX_READ] = [4096, 65_536];

/** Long names and pax headers are far shorter; a damaged size must not take the memory. */
const MAX_EXTENSION_BYTES = 2 ** 20;

/** Reads headers of a tar, which lie ever further back, through one small buffer. */
export class HeaderReader {
  readonly #file: OpenFile;
  readonly #buffer = new Uint8Array(MAX_READ);
  #start = 0; // of what is in the buffer
  #end = 0;
  #ask = MIN_READ;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** A view of `length` bytes, at most `MIN_READ`, until the next read; fewer at the file's end. */
  async read(at: number, length: number): Promise<Uint8Array> {
    if (at < this.#start || at + length > this.#end) {
      const isNear = at < this.#end + this.#ask;
      this.#ask = isNear ? Math.min(2 * this.#ask, MAX_READ) : MIN_READ;
      const got = await readAt(this.#file, this.#buffer.subarray(0, this.#ask), at);
      [this.#start, this.#end] = [at, at + got];
    }
    const from = at - this.#start;
    return this.#buffer.subarray(from, Math.min(from + length, this.#end - this.#start));
  }

  /**
   * The data of an entry that says something of others.
   *
   * @throws {Error} If it is too long, or the file ends in it.
   */
  async readExtension(at: number, length: number): Promise<Uint8Array> {
    if (length > MAX_EXTENSION_BYTES) {
      throw shardError(
        `long name or pax header at byte ${at} must have at most ${MAX_EXTENSION_BYTES} bytes, ` +
          `got ${length}`,
      );
    }
    const isShort = length <= MIN_READ;
    const bytes = isShort ? await this.read(at, length) : new Uint8Array(length);
    const got = isShort ? bytes.length : await readAt(this.#file, bytes, at);
    if (got < length) throw shardError(`entry at byte ${at} must hold ${length} bytes, got ${got}`);
    return bytes;
  }
}
