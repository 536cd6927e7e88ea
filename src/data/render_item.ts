import { viewChannels } from "../config/view_channels.ts";
import { randomStream } from "../random.ts";
import { decodeImage } from "./decode.ts";
import { drawViewParams, type ViewParams } from "./draw_view.ts";
import { type ImageLocation, readImageBytes } from "./image_set.ts";
import type { Raster } from "./raster.ts";
import { renderView } from "./render_view.ts";
import { type TransformArgs, viewSpecs } from "./view_spec.ts";

/** One image to read, and what its random choices depend on. */
export interface ViewJob {
  /** Where the image is. */
  at: ImageLocation;
  seed: number;
  epoch: number;
  /** Place of the image in the data set. */
  index: number;
  /** How many unreadable images this one stands in for. */
  attempt: number;
}

/** Number of floats of one image's global and local views. */
export function viewLengths(args: TransformArgs): { global: number; local: number } {
  const { globals, locals } = viewSpecs(args);
  const channels = viewChannels(args);
  const lengthOf = ([height, width]: [number, number]) => channels * height * width;
  return {
    global: lengthOf(globals[0].size),
    local: locals.length === 0 ? 0 : lengthOf(locals[0].size),
  };
}

/**
 * Reads one image and renders all its views.
 *
 * @returns Both global views, then the local ones, each `[channels, height, width]`.
 * @throws {Error} If the image cannot be read or decoded.
 */
export async function renderItem(
  args: TransformArgs,
  job: ViewJob,
): Promise<Float32Array<ArrayBuffer>> {
  const image = await readImage(job.at);
  const lengths = viewLengths(args);
  const views = drawViews(args, image, job);
  const out = new Float32Array(2 * lengths.global + (views.length - 2) * lengths.local);
  let start = 0;
  for (const [view, params] of views.entries()) {
    const length = view < 2 ? lengths.global : lengths.local;
    renderView(image, params, out.subarray(start, start + length));
    start += length;
  }
  return out;
}

/**
 * The pixels that an image's views are made from.
 *
 * @throws {Error} If the image cannot be read or decoded.
 */
export async function readImage(at: ImageLocation): Promise<Raster> {
  return await decodeImage(await readImageBytes(at));
}

/** The random choices of all views of an image: both global ones, then the local ones. */
export function drawViews(
  args: TransformArgs,
  image: { width: number; height: number },
  { seed, epoch, index, attempt }: Omit<ViewJob, "at">,
): ViewParams[] {
  const { globals, locals } = viewSpecs(args);
  return [...globals, ...locals].map((spec, view) =>
    drawViewParams(randomStream(seed, "views", epoch, index, attempt, view), image, spec)
  );
}
