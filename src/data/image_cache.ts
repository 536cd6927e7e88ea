import type { Raster } from "../images/raster.ts";

/**
 * Decoded images in shared memory, kept for later epochs as far as a budget allows.
 *
 * The first to come stay. Every epoch asks for each image once, in an order of its own, so that
 * none is likelier to be asked for soon than another: putting one out for one that just came would
 * cost a decoding and win none.
 */
export class ImageCache {
  readonly #images = new Map<number, Raster>(); // by place in the data set
  #freeBytes: number;

  /** @param budgetBytes The most that the pixels of all images may take together. */
  constructor(budgetBytes: number) {
    this.#freeBytes = budgetBytes;
  }

  /** What is left of the budget. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** The image at a place of the data set, if it is here. */
  get(index: number): Raster | undefined {
    return this.#images.get(index);
  }

  /** Keeps an image that {@linkcode sharedImage} made, if it still fits and is not here yet. */
  keep(index: number, image: Raster): void {
    const bytes = image.pixels.buffer.byteLength;
    if (this.#images.has(index) || bytes > this.#freeBytes) return;
    this.#images.set(index, image);
    this.#freeBytes -= bytes;
  }
}

/**
 * A copy of an image in shared memory of whole words, which every thread may read and the GPU take.
 *
 * @param maxBytes The most that it may take.
 * @returns undefined if it would take more, or the system has none left.
 */
export function sharedImage(image: Raster, maxBytes: number): Raster | undefined {
  const { length } = image.pixels;
  const bytes = Math.ceil(length / 4) * 4;
  if (bytes > maxBytes) return undefined;
  let buffer: SharedArrayBuffer;
  try {
    buffer = new SharedArrayBuffer(bytes);
  } catch {
    return undefined;
  }
  const pixels = new Uint8Array(buffer, 0, length);
  pixels.set(image.pixels);
  return { ...image, pixels };
}
