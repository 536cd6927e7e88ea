import { colorJitter, toGray } from "./color_jitter.ts";
import { cropResize } from "./crop_resize.ts";
import type { ViewParams } from "./draw_view.ts";
import { flipHorizontal, flipVertical } from "./flip.ts";
import { gaussianBlur } from "./gaussian_blur.ts";
import { normalize } from "./normalize.ts";
import type { Raster } from "./raster.ts";
import { solarize } from "./solarize.ts";

/**
 * Renders one view of an image, in the order crop, flip, jitter, grey, blur, solarize, normalize.
 *
 * Every change before the last works on 8-bit pixels, as the reference's do.
 *
 * @param out Where the view goes, `[3, height, width]`.
 */
export function renderView(image: Raster, params: ViewParams, out: Float32Array): void {
  const view = cropResize(image, params.box, params);
  if (params.flipHorizontal) flipHorizontal(view);
  if (params.flipVertical) flipVertical(view);
  if (params.jitter) colorJitter(view, params.jitter);
  if (params.gray) toGray(view);
  if (params.blur) gaussianBlur(view, params.blur.sigma, params.blur.kernelSize);
  if (params.solarizeThreshold !== null) solarize(view, params.solarizeThreshold);
  normalize(view, params.normalize, out);
}
