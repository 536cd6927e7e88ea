import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { blurNormalize } from "./blur_normalize.ts";
import { colorJitter } from "./color_jitter.ts";
import { cropResize } from "./crop_resize.ts";
import { rotate } from "./rotate.ts";
import type { ViewGroup } from "./view_table.ts";

/** Which changes some view may have: the others need no dispatch. */
export interface ViewChanges {
  rotates: boolean;
  /** Jitter or grey. */
  changesColor: boolean;
}

/**
 * Makes all views of a group, in the order crop, flip, rotate, jitter, grey, blur, solarize,
 * normalize; every change before the last works on 8-bit pixels, as the reference's do.
 *
 * @param images The bytes of all images as words, `[words]`.
 * @param levels The normalized value of each level of each channel, `[channels, 256]`.
 * @param out Where the views go, `[V·B, kept, height, width]`.
 * @throws {ShapeError} If a tensor does not fit the group.
 */
export function renderViews(
  gpu: Recorder,
  images: Tensor,
  levels: Tensor,
  group: ViewGroup,
  out: Tensor,
  { rotates, changesColor }: ViewChanges,
): void {
  const cropped = cropResize(gpu, images, group);
  const pixels = rotates ? rotate(gpu, cropped, group) : cropped;
  if (changesColor) colorJitter(gpu, pixels, group);
  blurNormalize(gpu, pixels, levels, group, out);
}
