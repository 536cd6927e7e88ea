import { smallestBox } from "./draw_view.ts";
import { cropResize } from "./crop_resize.ts";
import type { Raster } from "../images/raster.ts";
import { type TransformArgs, viewSpecs } from "./view_spec.ts";

/** How many times larger than its view the smallest crop stays after an image is reduced. */
const SPARE = 3;

/**
 * The whole number by which an image may be made smaller before its views are cut out of it.
 *
 * The smallest crop that the settings allow, of the least favorable shape, is then still
 * {@linkcode SPARE} times as large as its view in both directions. So a crop of the reduced image is
 * one of the same distribution, and shrinks further, by box averages as the reduction does: what
 * differs is the rounding in between and the pixels that an edge cuts. It depends on the size of the
 * image and on the settings alone.
 *
 * @returns 1 for an image that stays as it is.
 */
export function reductionOf(
  size: { width: number; height: number },
  args: TransformArgs,
): number {
  const spare = reductionViews(args).map(({ least: [height, width], random_resize }) => {
    const box = smallestBox(size, random_resize);
    return Math.min(box.width / width, box.height / height);
  });
  return Math.max(1, Math.floor(Math.min(...spare)));
}

/** How far an image may be reduced for the sake of one view. */
export interface ReductionView {
  /** What the smallest crop of the reduced image must have, in pixels. */
  least: [height: number, width: number];
  /** null where the crop is the whole image. */
  random_resize: { min_scale: number } | null;
}

/** All that {@linkcode reductionOf} depends on beside the image, for each view. */
export function reductionViews(args: TransformArgs): ReductionView[] {
  const { globals, locals } = viewSpecs(args);
  return [...globals, ...locals].map(({ size: [height, width], random_resize }) => ({
    least: [height * SPARE, width * SPARE],
    random_resize: random_resize && { min_scale: random_resize.min_scale },
  }));
}

/** The image, made smaller where {@linkcode reductionOf} allows it. */
export function reduceImage(image: Raster, args: TransformArgs): Raster {
  const factor = reductionOf(image, args);
  if (factor === 1) return image;
  const box = { x0: 0, y0: 0, x1: image.width, y1: image.height };
  return cropResize(image, box, {
    width: Math.round(image.width / factor),
    height: Math.round(image.height / factor),
  });
}
