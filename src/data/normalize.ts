import type { RgbImage } from "./decode.ts";

/** Subtracts the mean and divides by the deviation of each channel; planes go to `out`. */
export function normalize(
  { width, height, data }: RgbImage,
  { mean, std }: { mean: number[]; std: number[] },
  out: Float32Array,
): void {
  const pixels = width * height;
  for (let c = 0; c < 3; c++) {
    const table = Float32Array.from(
      { length: 256 },
      (_, value) => (value - 255 * mean[c]) / (255 * std[c]),
    );
    for (let i = 0; i < pixels; i++) out[c * pixels + i] = table[data[i * 3 + c]];
  }
}
