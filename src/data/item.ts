import { crc32 } from "node:zlib";
import { viewChannels } from "../config/view_channels.ts";
import { randomStream } from "../random.ts";
import { decodeImage } from "../images/decode.ts";
import { drawViewParams, type ViewParams } from "../views/draw_view.ts";
import { sharedImage } from "./image_cache.ts";
import type { ImageReader } from "../images/image_reader.ts";
import type { ImageLocation } from "../images/image_set.ts";
import { readPacked } from "./packed_image.ts";
import { consume, type Raster } from "../images/raster.ts";
import { type Framing, plainView } from "../views/plain_view.ts";
import { reduceImage } from "../views/reduce.ts";
import { renderView } from "../views/render_view.ts";
import { recordWords, type ViewRecords, viewRecords } from "../views/view_table.ts";
import { type TransformArgs, viewSpecs } from "../views/view_spec.ts";

/** Who makes views: the threads that decode, or the GPU from what they drew. */
export type ViewMaker = "workers" | "gpu";

/** What all items of a run have in common. */
export interface ItemSettings {
  views: TransformArgs;
  /**
   * Where it is "pack", nobody: the image itself is wanted. Where it is a framing, one view without
   * anything random is, for features; where it is "first", the first view alone.
   */
  maker: ViewMaker | "first" | "pack" | Framing;
  /** Most bytes that the decoded image of an item may have, where the GPU is to take it. */
  maxImageBytes: number;
}

/** One image to read, and what its random choices depend on. */
export interface ItemJob {
  /** Where the image is. */
  at: ImageLocation;
  seed: number;
  epoch: number;
  /** Place of the image in the data set. */
  index: number;
  /** How many unreadable images this one stands in for. */
  attempt: number;
  /** The image, if it was decoded before; in shared memory. */
  decoded?: Raster;
  /** Asks for the decoded image beside the item, if it takes at most this in shared memory. */
  keepBytes?: number;
}

/** What the random choices of an image depend on. */
type DrawSeed = Pick<ItemJob, "seed" | "epoch" | "index" | "attempt">;

/** The views of an image: both global ones, then the local ones, each `[channels, h, w]`, or one. */
export interface RenderedItem {
  maker: "workers";
  views: Float32Array<ArrayBuffer>;
}

/** An image, and what was drawn for the views that the GPU is to make of it. */
export interface DrawnItem {
  maker: "gpu";
  /** Its bytes end on a word boundary, which those of the pixels need not. */
  image: Raster;
  global: ViewRecords;
  local: ViewRecords;
}

/** A decoded image, as a pack holds it. */
export interface DecodedItem {
  maker: "pack";
  image: Raster;
  crc32: number; // of its pixels
}

export type Item = RenderedItem | DrawnItem | DecodedItem;

/** An item as it is made, with what the loader takes off it. */
export type MadeItem = Item & {
  /** The image, in shared memory, to be kept for later jobs that ask for it. */
  decoded?: Raster;
  /** Why the image was not taken from its pack. */
  damage?: string;
};

/** Number of floats of one global and one local view of an image. */
function viewLengths(args: TransformArgs): { global: number; local: number } {
  const { globals, locals } = viewSpecs(args);
  const lengthOf = ([height, width]: [number, number]) => viewChannels(args) * height * width;
  return {
    global: lengthOf(globals[0].size),
    local: locals.length === 0 ? 0 : lengthOf(locals[0].size),
  };
}

/** Bytes that an item holds. */
export function itemBytes(item: Item): number {
  if (item.maker === "workers") return item.views.byteLength;
  if (item.maker === "pack") return item.image.pixels.byteLength;
  const records = [item.global.table, item.global.taps, item.local.table, item.local.taps];
  return records.reduce((sum, part) => sum + part.byteLength, item.image.pixels.byteLength);
}

/** The buffers of an item, to be handed to another thread; shared ones need not be. */
export function buffersOf(item: Item): ArrayBuffer[] {
  if (item.maker === "workers") return [item.views.buffer];
  const { pixels } = item.image;
  const tables = item.maker === "pack" ? [] : [item.global, item.local];
  return [pixels, ...tables.flatMap(({ table, taps }) => [table, taps])]
    .map(({ buffer }) => buffer)
    .filter((buffer) => buffer instanceof ArrayBuffer);
}

/**
 * Reads one image, unless the job has it, and draws its views or makes them too.
 *
 * @throws {Error} If the file cannot be read or decoded, or is too large for the GPU.
 */
export async function makeItem(
  settings: ItemSettings,
  job: ItemJob,
  reader: ImageReader,
): Promise<MadeItem> {
  if (job.decoded !== undefined) return itemOf(job.decoded, settings, job);
  if (settings.maker === "crop" || settings.maker === "squash") {
    // Not reduced first: features are computed once, from all there is.
    const image = await decodeImage(await reader.read(job.at), settings.views.num_channels);
    return itemOf(image, settings, job);
  }
  const { image, damage } = await imageAt(job.at, settings.views, reader);
  const decoded = sharedImage(image, job.keepBytes ?? 0);
  return { ...itemOf(decoded ?? image, settings, job), decoded, damage };
}

/** The image itself; the original of a packed one whose pack is damaged. */
async function imageAt(
  at: ImageLocation,
  args: TransformArgs,
  reader: ImageReader,
): Promise<{ image: Raster; damage?: string }> {
  if (at.raw === undefined) return { image: await loadImage(await reader.read(at), args) };
  try {
    return { image: await readPacked(at, at.raw, reader) };
  } catch (error) {
    const image = await loadImage(await reader.read(at.raw.source), args);
    return { image, damage: (error as Error).message };
  }
}

function itemOf(image: Raster, settings: ItemSettings, job: DrawSeed): Item {
  const { views: args, maker } = settings;
  if (maker === "workers") return { maker, views: renderAll(image, args, job) };
  if (maker === "first") return { maker: "workers", views: renderFirst(image, args, job) };
  if (maker === "pack") return { maker, image, crc32: crc32(image.pixels) };
  if (maker !== "gpu") return { maker: "workers", views: renderPlain(image, args, maker) };
  checkBytes(image, settings.maxImageBytes);
  const params = drawAll(image, args, job);
  const { globals, locals } = viewSpecs(args);
  return {
    maker,
    image: onWords(image),
    global: viewRecords(image, params.slice(0, 2), recordWords(globals)),
    local: viewRecords(image, params.slice(2), recordWords(locals)),
  };
}

/** Decodes an image, and makes it smaller as far as its views cannot tell. */
export async function loadImage(bytes: Uint8Array, args: TransformArgs): Promise<Raster> {
  const decoded = await decodeImage(bytes, args.num_channels);
  return consume(decoded, (whole) => reduceImage(whole, args));
}

/** What is drawn for each view of an image, a pure function of seed, epoch and place. */
export function drawAll(
  image: { width: number; height: number },
  args: TransformArgs,
  { seed, epoch, index, attempt }: DrawSeed,
): ViewParams[] {
  const { globals, locals } = viewSpecs(args);
  return [...globals, ...locals].map((spec, view) =>
    drawViewParams(randomStream(seed, "views", epoch, index, attempt, view), image, spec)
  );
}

function renderAll(
  image: Raster,
  args: TransformArgs,
  job: DrawSeed,
): Float32Array<ArrayBuffer> {
  const lengths = viewLengths(args);
  const numLocals = viewSpecs(args).locals.length;
  const out = new Float32Array(2 * lengths.global + numLocals * lengths.local);
  let start = 0;
  for (const [view, params] of drawAll(image, args, job).entries()) {
    const length = view < 2 ? lengths.global : lengths.local;
    renderView(image, params, out.subarray(start, start + length));
    start += length;
  }
  return out;
}

function renderFirst(image: Raster, args: TransformArgs, job: DrawSeed) {
  return renderOne(image, drawAll(image, args, job)[0]);
}

/** The one view of an image that features are computed of. */
function renderPlain(image: Raster, args: TransformArgs, framing: Framing) {
  return renderOne(image, plainView(image, args, framing));
}

function renderOne(image: Raster, params: ViewParams): Float32Array<ArrayBuffer> {
  const out = new Float32Array(params.keep.length * params.height * params.width);
  renderView(image, params, out);
  return out;
}

function checkBytes({ width, height, pixels }: Raster, maxImageBytes: number): void {
  if (pixels.length <= maxImageBytes) return;
  throw new Error(
    `Cannot upload image: it must take at most ${maxImageBytes} bytes, got ${pixels.length} ` +
      `(${width} x ${height} after reduction); make it smaller, or set views_on=workers`,
  );
}

/** The same image in a buffer of its own, of whole words: what an upload takes. */
function onWords(image: Raster): Raster {
  const { pixels } = image;
  const size = Math.ceil(pixels.length / 4) * 4;
  if (pixels.byteOffset === 0 && pixels.buffer.byteLength === size) return image;
  const copy = new Uint8Array(new ArrayBuffer(size), 0, pixels.length);
  copy.set(pixels);
  return { ...image, pixels: copy };
}
