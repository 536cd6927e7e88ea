import { readFile } from "node:fs/promises";
import { viewChannels } from "../config/view_channels.ts";
import { randomStream } from "../random.ts";
import { decodeImage } from "./decode.ts";
import { drawViewParams } from "./draw_view.ts";
import { renderView } from "./render_view.ts";
import { type TransformArgs, viewSpecs } from "./view_spec.ts";

/** One image to read, and what its random choices depend on. */
export interface ViewJob {
  /** The file. */
  path: string;
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
 * @throws {Error} If the file cannot be read or decoded.
 */
export async function renderItem(
  args: TransformArgs,
  { path, seed, epoch, index, attempt }: ViewJob,
): Promise<Float32Array<ArrayBuffer>> {
  const image = await decodeImage(await readFile(path));
  const { globals, locals } = viewSpecs(args);
  const lengths = viewLengths(args);
  const out = new Float32Array(2 * lengths.global + locals.length * lengths.local);
  let start = 0;
  for (const [view, spec] of [...globals, ...locals].entries()) {
    const length = view < 2 ? lengths.global : lengths.local;
    const stream = randomStream(seed, "views", epoch, index, attempt, view);
    renderView(image, drawViewParams(stream, image, spec), out.subarray(start, start + length));
    start += length;
  }
  return out;
}
