import type { Raster } from "../../src/images/raster.ts";

/** Weighted average over the kernel's square, the border mirrored about the edge pixels. */
export function blurReference(image: Raster, sigma: number, kernelSize: number): Float64Array {
  const { channels } = image;
  const radius = kernelSize >> 1;
  const inside = (at: number, size: number): number =>
    size === 1 ? 0 : at < 0 ? inside(-at, size) : at >= size ? inside(2 * size - 2 - at, size) : at;
  return Float64Array.from(image.pixels, (_, i) => {
    const pixel = Math.floor(i / channels);
    const [x, y] = [pixel % image.width, Math.floor(pixel / image.width)];
    let [sum, total] = [0, 0];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
        const [col, row] = [inside(x + dx, image.width), inside(y + dy, image.height)];
        sum += weight * image.pixels[(row * image.width + col) * channels + i % channels];
        total += weight;
      }
    }
    return sum / total;
  });
}
