import type { Raster } from "../images/raster.ts";

/** The normalized value of each level of each channel, `[channels, 256]`. */
export function normalizedLevels(
  { mean, std }: { mean: number[]; std: number[] },
  channels = mean.length,
): Float32Array {
  const levels = new Float32Array(channels * 256);
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

/** The pixels that {@linkcode normalize} was given, from what it wrote. */
export function denormalize(
  values: Float32Array,
  { width, height }: { width: number; height: number },
  { mean, std }: { mean: number[]; std: number[] },
): Raster {
  const plane = width * height;
  const channels = mean.length;
  const pixels = new Uint8Array(plane * channels);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) {
      pixels[i * channels + c] = Math.round((values[c * plane + i] * std[c] + mean[c]) * 255);
    }
  }
  return { width, height, channels, pixels };
}
