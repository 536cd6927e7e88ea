import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { readAt } from "../files/positioned_read.ts";
import { syncFolder } from "../files/sync_folder.ts";
import { writeAll } from "../files/write_all.ts";
import { isSystemError, writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import type { ImageProblem } from "../images/image_set.ts";
import type { FeatureLayout } from "./feature_layout.ts";

/** How far a file of features is, in a small file beside it. */
export interface FeatureState {
  /** What the features depend on; another key means others. */
  key: string;
  /** Images that are done, the unreadable ones included. */
  done: number;
  /** Bytes of the file that hold them. */
  bytes: number;
  /** Those of them that cannot be read, by their place. */
  skipped: (ImageProblem & { index: number })[];
}

/** What a file is made with. */
export interface FeatureFileOptions {
  key: FeatureState["key"];
  /** Of all images, the unreadable ones included. */
  names: readonly string[];
  layout: FeatureLayout;
}

/** Milliseconds between two states: what a kill costs at most. */
const STATE_MS = 2000;

/**
 * A file of features that grows beside its place, is taken up again after an interruption, and
 * moves to its place when it is whole.
 */
export class FeatureFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #names: readonly string[];
  readonly #layout: FeatureLayout;
  readonly #headerBytes: number;
  readonly #state: FeatureState;
  #savedMs = -Infinity; // the first batch has a state, so that a full disk finds one

  private constructor(
    readonly out: string,
    /** Whether an interrupted one of another key was there, and is gone. */
    readonly replaced: boolean,
    state: FeatureState,
    handle: FileHandle,
    { names, layout }: FeatureFileOptions,
    headerBytes: number,
  ) {
    this.#handle = handle;
    this.#names = names;
    this.#layout = layout;
    this.#headerBytes = headerBytes;
    this.#state = state;
  }

  /** Begins a file, or takes up one of the same key. */
  static async open(out: string, options: FeatureFileOptions): Promise<FeatureFile> {
    const { key, names, layout } = options;
    return await told(out, async () => {
      await mkdir(dirname(out), { recursive: true });
      const header = layout.header(names);
      const found = await stateOf(out);
      const goesOn = found?.key === key;
      if (!goesOn) await rm(stateFile(out), { force: true }); // it is not of what comes now
      const handle = await open(partOf(out), goesOn ? "r+" : "w+");
      try {
        if (!goesOn) await writeAll(handle, header, 0);
        const state = goesOn ? found : { key, done: 0, bytes: header.length, skipped: [] };
        const replaced = found !== undefined && !goesOn;
        return new FeatureFile(out, replaced, state, handle, options, header.length);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  get state(): Readonly<FeatureState> {
    return this.#state;
  }

  /** Whether its format cannot grow, so that finishing it copies all that there is. */
  get isAssembled(): boolean {
    return this.#layout.assemble !== undefined;
  }

  /** Images that have features here. */
  get images(): number {
    return this.#state.done - this.#state.skipped.length;
  }

  /**
   * Adds the images of a batch.
   *
   * @param indices Places of those that could be read, whose values these are.
   */
  async add(
    indices: readonly number[],
    values: Float32Array,
    skipped: FeatureState["skipped"],
  ): Promise<void> {
    await told(this.out, async () => {
      const state = this.#state;
      if (indices.length > 0) {
        const names = indices.map((index) => this.#names[index]);
        const bytes = this.#layout.rows(names, values);
        await writeAll(this.#handle, bytes, state.bytes);
        state.bytes += bytes.length;
      }
      state.skipped.push(...skipped);
      state.done += indices.length + skipped.length;
      if (performance.now() - this.#savedMs > STATE_MS) await this.#save();
    });
  }

  /** Leaves the file as it is, to be taken up later. */
  async keep(): Promise<void> {
    await told(this.out, () => this.#save());
  }

  /** Makes the file whole, and moves it to its place. */
  async finish(): Promise<void> {
    await told(this.out, async () => {
      await this.#save(); // from here on, a kill leaves only this to be done again
      const left = new Set(this.#state.skipped.map(({ index }) => index));
      const names = this.#names.filter((_, index) => !left.has(index));
      const { assemble, namesBeside } = this.#layout;
      if (namesBeside) {
        await writeWhole(namesFile(this.out), JSON.stringify(names, null, 1) + "\n");
      }
      if (assemble === undefined) await this.#complete(names);
      else {
        const read = (at: number, sizeBytes: number) => this.#read(at, sizeBytes);
        await writeWhole(this.out, (file) => assemble(file, names, read));
      }
      await this.remove();
    });
  }

  /** Writes the header that fits, and moves the file to its place. */
  async #complete(names: readonly string[]): Promise<void> {
    await writeAll(this.#handle, this.#layout.header(names, this.#headerBytes), 0);
    await this.#handle.truncate(this.#state.bytes); // a killed one may have been longer
    await this.#handle.sync();
    await rename(partOf(this.out), this.out);
    await syncFolder(this.out);
  }

  async #read(at: number, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(sizeBytes);
    const file = { path: partOf(this.out), handle: this.#handle, sizeBytes: this.#state.bytes };
    const found = await readAt(file, bytes, at);
    if (found === sizeBytes) return bytes;
    throw new Error(`Cannot read "${file.path}": it must hold what was written, got less of it`);
  }

  /** Removes what was begun. */
  async remove(): Promise<void> {
    await rm(partOf(this.out), { force: true });
    await rm(stateFile(this.out), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  /** The file first, so that the state never promises more than is on the disk. */
  async #save(): Promise<void> {
    await this.#handle.sync();
    await writeWhole(stateFile(this.out), JSON.stringify(this.#state));
    this.#savedMs = performance.now();
  }
}

/** Where the names of the images of an array without names are. */
export function namesFile(out: string): string {
  return `${out.replace(/\.npy$/i, "")}.names.json`;
}

function partOf(out: string): string {
  return `${out}.part`;
}

function stateFile(out: string): string {
  return `${out}.part.json`;
}

/** The state of an interrupted file; undefined if there is none, or not all of the file. */
async function stateOf(out: string): Promise<FeatureState | undefined> {
  try {
    const state: FeatureState = JSON.parse(await readFile(stateFile(out), "utf8"));
    const handle = await open(partOf(out), "r");
    try {
      return (await handle.stat()).size >= state.bytes ? state : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Does what writes, and tells a refusal in words that help. */
async function told<Result>(out: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw writeRefused(out, error, "run it again with the same options, which goes on there");
  }
}
