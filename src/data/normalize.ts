import type { Raster } from "./raster.ts";

/** The normalized value of each level of each channel, `[channels, 256]`. */
export function normalizedLevels({ mean, std }: { mean: number[]; std: number[] }): Float32Array {
  const levels = new Float32Array(mean.length * 256);
  for (let i = 0; i < levels.length; i++) {
    const c = i >> 8;
    levels[i] = ((i & 255) - 255 * mean[c]) / (255 * std[c]);
  }
  return levels;
}

/** Subtracts the mean and divides by the deviation of each channel; planes go to `out`. */
export function normalize(
  { width, height, channels, pixels }: Raster,
  settings: { mean: number[]; std: number[] },
  out: Float32Array,
): void {
  const levels = normalizedLevels(settings);
  const plane = width * height;
  for (let c = 0; c < channels; c++) {
    const table = levels.subarray(c * 256, (c + 1) * 256);
    for (let i = 0; i < plane; i++) out[c * plane + i] = table[pixels[i * channels + c]];
  }
}
