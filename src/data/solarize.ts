import type { RgbImage } from "./decode.ts";

/** Inverts the values at or above `threshold` (share of full brightness), in place. */
export function solarize({ data }: RgbImage, threshold: number): void {
  const limit = threshold * 255;
  for (let i = 0; i < data.length; i++) if (data[i] >= limit) data[i] = 255 - data[i];
}
