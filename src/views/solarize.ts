import type { Raster } from "../images/raster.ts";

/** Inverts the values at or above `threshold` (share of full brightness), in place. */
export function solarize({ pixels }: Raster, threshold: number): void {
  const limit = threshold * 255;
  for (let i = 0; i < pixels.length; i++) if (pixels[i] >= limit) pixels[i] = 255 - pixels[i];
}
