import { epochOrder } from "./epoch_order.ts";
import { DataError } from "../images/errors.ts";
import { ImageCache } from "./image_cache.ts";
import { ImageReader } from "../images/image_reader.ts";
import type { ImageSet } from "../images/image_set.ts";
import { noneReadable } from "../images/readable.ts";
import {
  type Item,
  itemBytes,
  type ItemJob,
  type ItemSettings,
  makeItem,
  type ViewMaker,
} from "./item.ts";
import { ViewPool } from "./view_pool.ts";

/** The images of one training step. */
export interface Batch {
  step: number;
  epoch: number;
  /** The images used, by the names that `findImages` gave them. */
  images: string[];
  /** Their places in the image set. */
  indices: number[];
  /** What was made of each of them. */
  items: Item[];
  /** How long `next()` waited for this batch. */
  waitMs: number;
  /**
   * Images found to be unreadable, each in one batch only; the next ones of the epoch stand in for
   * them, then and later.
   */
  errors: { path: string; message: string }[];
}

/** Where the batches of a run come from. */
export interface BatchSource {
  /** Full batches in one pass over the images. */
  readonly batchesPerEpoch: number;
  /** The batch of the next step. */
  next(): Promise<Batch>;
}

export interface ViewLoaderOptions extends ItemSettings {
  /** From `findImages`, or a pack of them. */
  images: ImageSet;
  maker: ViewMaker | "first";
  seed: number;
  batchSize: number;
  /** Worker threads; 0 makes items in this thread. */
  numWorkers: number;
  /** What an unreadable image does: it is replaced ("skip", the default) or ends the run. */
  dataErrors?: "skip" | "fail";
  /** First step, of a resumed run. */
  startStep?: number;
  /** Batches made ahead of the one asked for. */
  prefetch?: number;
  /** What decoded images, kept for later epochs, may take together; none without it. */
  cacheBytes?: number;
  /** Called once if the pack of the images is damaged; the originals are then read. */
  onDamage?: (message: string) => void;
}

/** What batches made ahead may take together. */
const PREFETCH_BYTES = 4 * 2 ** 30;

/** One image of a batch, with the unreadable ones that were met on the way to it. */
interface Found {
  path: string;
  index: number;
  item: Item;
  errors: { path: string; message: string }[];
}

/**
 * Batches of views, made ahead in worker threads.
 *
 * The order of the images depends on seed and epoch alone, the views of an image on seed, epoch and
 * its place in the data set: the same batches come out for any number of workers, and after a
 * resume. The images that do not fill a last batch are left out of their epoch.
 *
 * @example
 * ```ts
 * import { findImages } from "../images/find_images.ts";
 * import { ViewLoader } from "./loader.ts";
 * import { DEFAULT_TRANSFORM_ARGS } from "../views/view_spec.ts";
 *
 * async function firstBatch(root: string) {
 *   const images = await findImages(root);
 *   const views = DEFAULT_TRANSFORM_ARGS;
 *   const settings = { views, maker: "workers" as const, maxImageBytes: Infinity };
 *   const loader = new ViewLoader({ ...settings, images, seed: 0, batchSize: 8, numWorkers: 2 });
 *   const batch = await loader.next();
 *   loader.close();
 *   return batch;
 * }
 * ```
 */
export class ViewLoader implements BatchSource {
  /** Full batches in one pass over the images. */
  readonly batchesPerEpoch: number;
  readonly #options: ViewLoaderOptions;
  readonly #pool: ViewPool | undefined;
  readonly #reader = new ImageReader(); // without workers
  readonly #cache: ImageCache;
  readonly #ahead: Promise<Batch>[] = [];
  readonly #broken = new Map<number, string>(); // index → message
  #toldDamage = false;
  #order: { epoch: number; order: Uint32Array } | undefined;
  #batchBytes = 0; // of the last one
  #nextStep: number;
  #closed = false;

  /** @throws {DataError} If there are fewer images than `batchSize`. */
  constructor(options: ViewLoaderOptions) {
    const { images, batchSize, numWorkers, startStep = 0, views, maker, maxImageBytes } = options;
    this.batchesPerEpoch = Math.floor(images.names.length / batchSize);
    if (this.batchesPerEpoch < 1) {
      throw new DataError(
        `Cannot load batches: batch_size must be at most the number of images ` +
          `${images.names.length}, got ${batchSize}; lower batch_size`,
      );
    }
    this.#options = options;
    this.#cache = new ImageCache(options.cacheBytes ?? 0);
    this.#nextStep = startStep;
    if (numWorkers > 0) this.#pool = new ViewPool({ views, maker, maxImageBytes }, numWorkers);
  }

  /**
   * The batch of the next step.
   *
   * @throws {DataError} If no image of the data set can be read; with `dataErrors` "fail", if one
   * of this batch cannot.
   */
  async next(): Promise<Batch> {
    if (this.#closed) {
      throw new Error("Cannot load batches: loader must be open, got a closed one; make a new one");
    }
    const asked = performance.now();
    while (this.#ahead.length <= this.#prefetch()) {
      const batch = this.#load(this.#nextStep++);
      batch.catch(() => {}); // it is thrown when its turn comes
      this.#ahead.push(batch);
    }
    const batch = await this.#ahead.shift()!;
    batch.waitMs = performance.now() - asked;
    this.#batchBytes = batch.items.reduce((sum, item) => sum + itemBytes(item), 0);
    return batch;
  }

  /** Batches to have ready; of large images, or while nobody knows, fewer, but always the next. */
  #prefetch(): number {
    const { prefetch = 2 } = this.#options;
    if (this.#batchBytes === 0) return Math.min(prefetch, 1);
    return Math.min(prefetch, Math.max(1, Math.floor(PREFETCH_BYTES / this.#batchBytes) - 1));
  }

  /** Ends the workers; batches made ahead are dropped. */
  close(): void {
    this.#closed = true;
    this.#pool?.close();
    this.#reader[Symbol.dispose]();
  }

  async #load(step: number): Promise<Batch> {
    const { batchSize } = this.#options;
    const epoch = Math.floor(step / this.batchesPerEpoch);
    const order = this.#orderOf(epoch);
    const first = step % this.batchesPerEpoch * batchSize;
    const settled = await Promise.allSettled(
      Array.from({ length: batchSize }, (_, b) => this.#find(epoch, order, first + b)),
    );
    const found = settled.map((each) => { // all are there, so that the first error is always the same
      if (each.status === "rejected") throw each.reason;
      return each.value;
    });
    return {
      step,
      epoch,
      images: found.map(({ path }) => path),
      indices: found.map(({ index }) => index),
      items: found.map(({ item }) => item),
      waitMs: 0,
      errors: found.flatMap(({ errors }) => errors),
    };
  }

  /** The image at one position of the epoch, or the first readable one after it, cyclically. */
  async #find(epoch: number, order: Uint32Array, position: number): Promise<Found> {
    const { images, seed, dataErrors } = this.#options;
    const count = images.names.length;
    const errors: Found["errors"] = [];
    for (let attempt = 0; attempt < count; attempt++) {
      const index = order[(position + attempt) % count];
      const path = images.names[index];
      if (this.#broken.has(index)) continue;
      try {
        const job = { at: images.location(index), seed, epoch, index, attempt };
        return { path, index, item: await this.#make(job), errors };
      } catch (error) {
        if (this.#closed || this.#pool?.failure !== undefined) throw error;
        if (this.#broken.has(index)) continue; // another item met it meanwhile, and reports it
        const message = error instanceof Error ? error.message : String(error);
        if (dataErrors === "fail") throw unreadableError(path, message);
        this.#broken.set(index, message);
        errors.push({ path, message });
      }
    }
    const first = order[position % count];
    throw noneReadable(count, images.names[first], this.#broken.get(first)!);
  }

  async #make(job: ItemJob): Promise<Item> {
    const { freeBytes: keepBytes } = this.#cache;
    const asked = { ...job, decoded: this.#cache.get(job.index), keepBytes };
    const made = await (this.#pool?.make(asked) ?? makeItem(this.#options, asked, this.#reader));
    const { decoded, damage, ...item } = made;
    if (decoded !== undefined) this.#cache.keep(job.index, decoded);
    if (damage !== undefined && !this.#toldDamage) {
      this.#toldDamage = true;
      this.#options.onDamage?.(damage);
    }
    return item;
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const { seed, images } = this.#options;
      this.#order = { epoch, order: epochOrder(seed, epoch, images.names.length) };
    }
    return this.#order.order;
  }
}

/** What to say where an unreadable image is to end the run. */
export function unreadableError(path: string, message: string): DataError {
  return new DataError(
    `Cannot load batches: every image must be readable, got ${path}: ${message}; or set ` +
      `data_errors=skip to leave such images out`,
  );
}
