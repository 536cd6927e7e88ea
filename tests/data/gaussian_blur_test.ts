import { ok } from "node:assert/strict";
import { blurKernelSize, gaussianBlur } from "../../src/data/gaussian_blur.ts";
import type { Raster } from "../../src/data/raster.ts";
import { noiseImage } from "../support/noise_image.ts";

/** Weighted average over the kernel's square, the border mirrored about the edge pixels. */
function blurReference(image: Raster, sigma: number, kernelSize: number): Float64Array {
  const radius = kernelSize >> 1;
  const inside = (at: number, size: number): number =>
    size === 1 ? 0 : at < 0 ? inside(-at, size) : at >= size ? inside(2 * size - 2 - at, size) : at;
  return Float64Array.from(image.pixels, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % image.width, Math.floor(i / 3 / image.width)];
    let [sum, total] = [0, 0];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
        const [col, row] = [inside(x + dx, image.width), inside(y + dy, image.height)];
        sum += weight * image.pixels[(row * image.width + col) * 3 + i % 3];
        total += weight;
      }
    }
    return sum / total;
  });
}

Deno.test("gaussianBlur() averages with mirrored borders, in the smallest images too", () => {
  for (const [width, height, sigma] of [[1, 1, 2], [3, 2, 2], [1, 9, 1.3], [20, 17, 0.6]]) {
    const image = noiseImage(width, height);
    const exact = blurReference(image, sigma, blurKernelSize(sigma));
    gaussianBlur(image, sigma);
    // Half a level of rounding, and the float32 sums.
    image.pixels.forEach((value, i) => ok(Math.abs(value - exact[i]) < 0.5 + 1e-4));
  }
});
