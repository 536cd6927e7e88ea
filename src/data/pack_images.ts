import { statfs } from "node:fs/promises";
import type { StopSignal } from "../stop_signal.ts";
import { dirname } from "node:path";
import { DataError } from "../images/errors.ts";
import { readImageHeader } from "../images/image_header.ts";
import { ImageReader } from "../images/image_reader.ts";
import { type ImageSet, readImageBytes } from "../images/image_set.ts";
import { type DecodedItem, type ItemSettings, makeItem } from "./item.ts";
import { packedBytes, PackIndex } from "./pack_file.ts";
import type { PackOrigin } from "./pack_origin.ts";
import { PackWriter, writeError } from "./pack_writer.ts";
import { reductionOf } from "../views/reduce.ts";
import type { TransformArgs } from "../views/view_spec.ts";
import { ViewPool } from "./view_pool.ts";

/** How images are packed, and who is told. */
export interface PackOptions {
  views: TransformArgs;
  /** Worker threads; 0 decodes in this thread. */
  numWorkers: number;
  /** Called with what is worth a line. */
  onMessage?: (message: string) => void;
  /** Ends the packing. */
  signal?: StopSignal;
  /** Between two lines of progress. */
  progressMs?: number;
  /** Free bytes on the disk of a folder; undefined where that is not known. */
  freeBytesOf?: (folder: string) => Promise<number | undefined>;
}

/** Images whose headers stand for those of all. */
const SAMPLE = 64;

/** Images in the making for each worker: one is decoded, others are on the way. */
const JOBS_PER_WORKER = 4;

/**
 * Decodes all images of a set into a pack.
 *
 * @returns Whether there is a new pack; false if another run wrote one, or the signal came.
 * @throws {DataError} If it cannot be written, or there is no room for it.
 */
export async function packImages(
  path: string,
  images: ImageSet,
  origin: PackOrigin,
  options: PackOptions,
): Promise<boolean> {
  const { freeBytesOf = freeBytes, onMessage, signal } = options;
  const index = new PackIndex(origin.images);
  using writer = await PackWriter.open(path, index, () => {
    onMessage?.(`waiting for another run that packs images into "${path}"`);
  });
  if (writer === undefined) return false;
  const needed = writer.sizeBytes + await pixelBytes(images, options.views);
  const free = await freeBytesOf(dirname(path));
  if (free !== undefined && needed > free) throw noRoomError(path, needed, free);
  try {
    const unreadable = await appendAll(writer, index, images, options);
    if (signal?.aborted) return false;
    writer.finish(index, origin);
    const left = unreadable === 0 ? "" : `; ${unreadable} cannot be read`;
    const packed = origin.images - unreadable;
    onMessage?.(`packed ${packed} images into "${path}", ${sizeText(writer.sizeBytes)}${left}`);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw writeError(path, error);
    throw noRoomError(path, Math.max(needed, writer.sizeBytes), writer.sizeBytes);
  }
}

/** Adds every image that can be read; returns how many cannot. */
async function appendAll(
  writer: PackWriter,
  index: PackIndex,
  images: ImageSet,
  { views, numWorkers, onMessage, signal, progressMs = 5000 }: PackOptions,
): Promise<number> {
  const count = images.names.length;
  using decoder = new Decoder(views, numWorkers);
  let [next, done, unreadable] = [0, 0, 0];
  let told = performance.now();
  const work = async () => {
    while (next < count && !decoder.closed && !signal?.aborted) {
      const place = next++;
      const item = await decoder.decode(images, place);
      if (decoder.closed) return; // for another image could not be written
      if (item === undefined) unreadable++;
      else index.set(place, { ...item, ...item.image, offset: writer.append(item.image.pixels) });
      done++;
      if (performance.now() - told < progressMs) continue;
      told = performance.now();
      onMessage?.(`packing images: ${done} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, numWorkers * JOBS_PER_WORKER) }, work));
  return unreadable;
}

/** Decodes images, in worker threads or in this one. */
class Decoder implements Disposable {
  readonly #settings: ItemSettings;
  readonly #pool: ViewPool | undefined;
  readonly #reader = new ImageReader(); // without workers
  closed = false;

  constructor(views: TransformArgs, numWorkers: number) {
    this.#settings = { views, maker: "pack", maxImageBytes: Infinity };
    if (numWorkers > 0) this.#pool = new ViewPool(this.#settings, numWorkers);
  }

  /** One image of a set; undefined if it cannot be read, which is told when a batch meets it. */
  async decode(images: ImageSet, index: number): Promise<DecodedItem | undefined> {
    const job = { at: images.location(index), index, seed: 0, epoch: 0, attempt: 0 };
    try {
      const made = this.#pool?.make(job) ?? makeItem(this.#settings, job, this.#reader);
      return await made as DecodedItem;
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.closed = true;
    this.#pool?.close();
    this.#reader[Symbol.dispose]();
  }
}

/** About what all images take, by the headers of some. */
async function pixelBytes(images: ImageSet, views: TransformArgs): Promise<number> {
  const count = images.names.length;
  const sample = Math.min(SAMPLE, count);
  let bytes = 0;
  for (let i = 0; i < sample; i++) {
    try {
      const at = images.location(Math.floor(i * count / sample));
      const { orientation, ...size } = readImageHeader(await readImageBytes(at));
      const turned = orientation > 4 ? { width: size.height, height: size.width } : size;
      const factor = reductionOf(turned, views);
      bytes += packedBytes({
        width: Math.round(size.width / factor),
        height: Math.round(size.height / factor),
        channels: views.num_channels,
      });
    } catch {
      // It takes nothing.
    }
  }
  return Math.ceil(bytes / sample * count);
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined; // not every system tells
  }
}

function noRoomError(path: string, needed: number, got: number): DataError {
  return new DataError(
    `Cannot pack images: the disk of "${path}" must have about ${sizeText(needed)} free, got ` +
      `${sizeText(got)}; free some, choose another cache_disk, or set cache_disk=null`,
  );
}

function sizeText(bytes: number): string {
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KiB`;
  if (bytes < 2 ** 30) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
