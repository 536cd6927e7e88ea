import { viewChannels } from "../config/view_channels.ts";
import type { ImageSet } from "../images/image_set.ts";
import type { Framing, PlainArgs } from "../views/plain_view.ts";
import { DEFAULT_TRANSFORM_ARGS } from "../views/view_spec.ts";
import { ViewPool } from "./view_pool.ts";

/** One view each of some images of a set, in which nothing is random. */
export interface PlainBatch {
  /** Places of the images in their set; those that cannot be read are left out. */
  indices: number[];
  /** Normalized, `[images, C, H, W]`. */
  pixels: Float32Array<ArrayBuffer>;
  errors: { index: number; path: string; message: string }[];
}

export interface PlainLoaderOptions {
  views: PlainArgs;
  framing: Framing;
  batchSize: number;
  numWorkers: number;
  /** Place of the first image; 0 if left out. Batches begin there. */
  start?: number;
}

/** Batches that are being made while one is used. */
const AHEAD = 2;

/**
 * All images of a set from `start` on, once and in their order, decoded in worker threads.
 *
 * @throws {Error} If a worker cannot be started.
 */
export async function* loadPlain(
  images: ImageSet,
  { views, framing, batchSize, numWorkers, start = 0 }: PlainLoaderOptions,
): AsyncGenerator<PlainBatch> {
  const args = { ...DEFAULT_TRANSFORM_ARGS, ...views };
  const settings = { views: args, maker: framing, maxImageBytes: Infinity };
  const pool = new ViewPool(settings, numWorkers);
  const lengthOf = viewChannels(args) * args.image_size[0] * args.image_size[1];
  const batchAt = (first: number) => loadBatch(pool, images, first, batchSize, lengthOf);
  const ahead: Promise<PlainBatch>[] = [];
  try {
    for (let first = start; first < images.names.length || ahead.length > 0; first += batchSize) {
      if (first < images.names.length) ahead.push(batchAt(first));
      if (ahead.length > AHEAD || first >= images.names.length) yield await ahead.shift()!;
    }
  } finally {
    pool.close();
  }
}

async function loadBatch(
  pool: ViewPool,
  images: ImageSet,
  first: number,
  batchSize: number,
  length: number,
): Promise<PlainBatch> {
  const count = Math.min(batchSize, images.names.length - first);
  const settled = await Promise.allSettled(
    Array.from({ length: count }, async (_, i) => {
      const index = first + i;
      const job = { at: images.location(index), seed: 0, epoch: 0, index, attempt: 0 };
      const item = await pool.make(job);
      if (item.maker !== "workers") throw new Error("a plain view must be made by a worker");
      return { index, view: item.views };
    }),
  );
  if (pool.failure !== undefined) throw pool.failure; // not the images' fault
  const made = settled.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const pixels = new Float32Array(made.length * length);
  made.forEach(({ view }, place) => pixels.set(view, place * length));
  const errors = settled.flatMap((each, i) =>
    each.status === "rejected"
      ? [{
        index: first + i,
        path: images.names[first + i],
        message: (each.reason as Error).message,
      }]
      : []
  );
  return { indices: made.map(({ index }) => index), pixels, errors };
}
