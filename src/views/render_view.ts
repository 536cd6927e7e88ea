import { colorJitter, toGray } from "./color_jitter.ts";
import { cropResize } from "./crop_resize.ts";
import type { ViewParams } from "./draw_view.ts";
import { flipHorizontal, flipVertical } from "./flip.ts";
import { gaussianBlur } from "./gaussian_blur.ts";
import { keepChannels } from "./keep_channels.ts";
import { denormalize, normalize } from "./normalize.ts";
import type { Raster } from "../images/raster.ts";
import { rotate, rotationCoefficients } from "./rotate.ts";
import { solarize } from "./solarize.ts";

/**
 * Renders one view of an image, in the order channels, crop, flip, rotation, jitter, grey, blur,
 * solarize, normalize.
 *
 * Every change before the last works on 8-bit pixels, as the reference's do.
 *
 * @param out Where the view goes, `[kept channels, height, width]`.
 */
export function renderView(image: Raster, params: ViewParams, out: Float32Array): void {
  // A crop treats channels alike, so those of the small view alone are dropped.
  let view = keepChannels(cropResize(image, params.box, params), params.keep);
  if (params.flipHorizontal) flipHorizontal(view);
  if (params.flipVertical) flipVertical(view);
  if (params.rotation !== null) {
    view = rotate(view, rotationCoefficients(params.rotation, view.width, view.height));
  }
  if (params.jitter) colorJitter(view, params.jitter);
  if (params.gray) toGray(view);
  if (params.blur) gaussianBlur(view, params.blur.sigma, params.blur.kernelSize);
  if (params.solarizeThreshold !== null) solarize(view, params.solarizeThreshold);
  normalize(view, keptStatistics(params), out);
}

/** The pixels of a view, from what {@linkcode renderView} wrote. */
export function viewPixels(values: Float32Array, params: ViewParams): Raster {
  return denormalize(values, params, keptStatistics(params));
}

function keptStatistics({ keep, normalize: { mean, std } }: ViewParams) {
  return { mean: keep.map((channel) => mean[channel]), std: keep.map((channel) => std[channel]) };
}
