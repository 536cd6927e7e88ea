import type { Raster } from "../images/raster.ts";

/**
 * The image with the channels of `keep` alone; itself if those are all it has.
 *
 * @param keep Ascending.
 * @throws {RangeError} If the image lacks one of them.
 */
export function keepChannels(image: Raster, keep: number[]): Raster {
  const { width, height, channels, pixels } = image;
  if (keep.length === channels && keep.every((channel, i) => channel === i)) return image;
  const last = keep[keep.length - 1];
  if (last >= channels) {
    throw new RangeError(
      `Cannot keep channel ${last}: an image must have at least ${last + 1} channels, ` +
        `got ${channels}; decode it to as many`,
    );
  }
  const kept = new Uint8Array(width * height * keep.length);
  for (let to = 0, from = 0; to < kept.length; from += channels) {
    for (const channel of keep) kept[to++] = pixels[from + channel];
  }
  return { width, height, channels: keep.length, pixels: kept };
}
