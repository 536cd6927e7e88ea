import type { ViewParams } from "./draw_view.ts";

/** A space at which no line breaks. */
const FIXED_SPACE = "\u00a0";

/**
 * What was drawn for a view, such as `crop 63 %, flip, jitter, blur σ 1.2`; changes that the view
 * went without are left out.
 *
 * @param imageSize Size of the image in pixels.
 */
export function describeView(
  params: ViewParams,
  imageSize: { width: number; height: number },
): string {
  const { box, keep, rotation, blur } = params;
  const share = (box.x1 - box.x0) * (box.y1 - box.y0) / (imageSize.width * imageSize.height);
  const parts = [
    keep.length < params.normalize.mean.length && `channels ${keep.join("+")}`,
    `crop ${percent(share)}`,
    params.flipHorizontal && "flip",
    params.flipVertical && "upside down",
    rotation !== null && `rotation ${Math.round(rotation)}°`,
    params.jitter && "jitter",
    params.gray && "gray",
    blur && `blur σ ${blur.sigma.toFixed(1)}`,
    params.solarizeThreshold !== null && "solarize",
  ];
  return parts.filter((part) => typeof part === "string")
    .map((part) => part.replaceAll(" ", FIXED_SPACE)).join(", ");
}

/** A share as text; one that is not 0 is never shown as such. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  const digits = share > 0 && share < 0.095 ? 1 : 0;
  return `${(share * 100).toFixed(digits)} %`;
}
