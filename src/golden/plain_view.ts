import type { ViewParams } from "../views/draw_view.ts";
import type { Raster } from "../images/raster.ts";

/** Normalization, of up to four channels, that leaves pixels as they are, from 0 to 255. */
export const AS_PIXELS = { mean: [0, 0, 0, 0], std: [1, 1, 1, 1].map((one) => one / 255) };

/** A view that shows an image as it is. */
export function plainView(
  { width, height, channels }: Pick<Raster, "width" | "height" | "channels">,
): ViewParams {
  return {
    keep: Array.from({ length: channels }, (_, channel) => channel),
    box: { x0: 0, y0: 0, x1: width, y1: height },
    width,
    height,
    flipHorizontal: false,
    flipVertical: false,
    rotation: null,
    jitter: null,
    gray: false,
    blur: null,
    solarizeThreshold: null,
    normalize: AS_PIXELS,
  };
}
