import type { ImageSet } from "../images/image_set.ts";
import { loadPlain, type PlainBatch, type PlainLoaderOptions } from "./plain_loader.ts";

/** Memory that several sets take from, in bytes. */
export interface Budget {
  freeBytes: number;
}

/**
 * The plain views of a set that is gone through again and again. The first of them stay in memory,
 * as many as there is room for; the others are made anew each time, by threads that end afterwards.
 */
export class KeptViews {
  readonly #kept: PlainBatch[] = [];
  #isFull = false;

  /** @param budget What the views may take, together with those of others. */
  constructor(
    readonly images: ImageSet,
    readonly options: Omit<PlainLoaderOptions, "start">,
    readonly budget: Budget,
  ) {}

  /** All batches in their order. */
  async *batches(): AsyncGenerator<PlainBatch> {
    yield* this.#kept;
    const start = this.#kept.length * this.options.batchSize;
    if (start >= this.images.names.length) return;
    for await (const batch of loadPlain(this.images, { ...this.options, start })) {
      this.#keep(batch);
      yield batch;
    }
  }

  /** Keeps a batch if it is the next and there is room. */
  #keep(batch: PlainBatch): void {
    const { byteLength } = batch.pixels;
    this.#isFull ||= byteLength > this.budget.freeBytes;
    if (this.#isFull) return;
    this.budget.freeBytes -= byteLength;
    this.#kept.push(batch);
  }
}
