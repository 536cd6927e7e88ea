import type { Raster } from "../images/raster.ts";
import type { ViewParams } from "../views/draw_view.ts";
import { plainView } from "../views/plain_view.ts";

/** Normalization, of up to four channels, that leaves pixels as they are, from 0 to 255. */
export const AS_PIXELS = { mean: [0, 0, 0, 0], std: [1, 1, 1, 1].map((one) => one / 255) };

/** A view that shows an image as it is. */
export function unchangedView(
  image: Pick<Raster, "width" | "height" | "channels">,
): ViewParams {
  const { width, height, channels } = image;
  const args = { image_size: [height, width] as [number, number], num_channels: channels };
  return plainView(image, { ...args, normalize: AS_PIXELS }, "squash");
}
