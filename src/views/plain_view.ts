import type { CropBox } from "./crop_resize.ts";
import type { ViewParams } from "./draw_view.ts";
import type { TransformArgs } from "./view_spec.ts";

/**
 * How an image of any shape becomes one of a given size.
 *
 * - `squash`: all of it, whatever that does to its proportions.
 * - `crop`: the largest part of these proportions in its middle, less an eighth of each side, as
 *   DINO's evaluations resize to 256 and cut out 224.
 */
export type Framing = "squash" | "crop";

/** Share of a side that `crop` keeps. */
const KEPT = 224 / 256;

/** The settings that a plain view has; the rest of them are about chance. */
export type PlainArgs = Pick<TransformArgs, "image_size" | "num_channels" | "normalize">;

/** Of a run's settings, those that a plain view has. */
export function plainArgs({ image_size, num_channels, normalize }: TransformArgs): PlainArgs {
  return { image_size, num_channels, normalize };
}

/** The view of an image in which nothing is random. */
export function plainView(
  image: { width: number; height: number },
  { image_size: [height, width], num_channels, normalize }: PlainArgs,
  framing: Framing,
): ViewParams {
  return {
    keep: Array.from({ length: num_channels }, (_, channel) => channel),
    box: framing === "squash"
      ? { x0: 0, y0: 0, x1: image.width, y1: image.height }
      : middle(image, width / height),
    width,
    height,
    flipHorizontal: false,
    flipVertical: false,
    rotation: null,
    jitter: null,
    gray: false,
    blur: null,
    solarizeThreshold: null,
    normalize,
  };
}

/** The part in the middle that is `aspect` as wide as it is high, in whole pixels. */
function middle(image: { width: number; height: number }, aspect: number): CropBox {
  const wide = Math.min(image.width, image.height * aspect) * KEPT;
  const width = Math.max(1, Math.round(wide));
  const height = Math.max(1, Math.round(wide / aspect));
  const x0 = Math.floor((image.width - width) / 2);
  const y0 = Math.floor((image.height - height) / 2);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}
