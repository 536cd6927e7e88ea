import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { writeRefused } from "./write_refused.ts";

/** A file that only grows; what is added is handed to the system at once: a kill loses none. */
export class AppendFile implements Disposable {
  readonly #file: number;

  /** @param isNew Refuses a file that is there already, instead of adding to it. */
  constructor(readonly path: string, isNew = false) {
    this.#file = openSync(path, isNew ? "wx" : "a");
  }

  /** @throws {Error} If the system refuses it, as on a full disk; names the file. */
  append(content: Uint8Array | string): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    } catch (error) {
      throw writeRefused(this.path, error);
    }
  }

  /** What was added outlives a power cut. */
  sync(): void {
    fsyncSync(this.#file);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
