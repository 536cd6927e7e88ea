import { mirror } from "./mirror.ts";
import type { Raster } from "../images/raster.ts";

/** Kernel size that covers 3.5 deviations on each side. */
export function blurKernelSize(sigma: number): number {
  return Math.floor(3.5 * sigma) * 2 + 1;
}

/** Blurs the image in place; the border is mirrored without repeating the edge pixel. */
export function gaussianBlur(image: Raster, sigma: number, kernelSize = blurKernelSize(sigma)) {
  if (kernelSize <= 1 || sigma === 0) return;
  const { width, height, channels, pixels } = image;
  const radius = kernelSize >> 1;
  const kernel = gaussianKernel(sigma, radius);
  const stride = width * channels;

  // Columns first, a whole row of sums at a time; then along the row.
  const sums = new Float32Array((width + 2 * radius) * channels);
  const middle = sums.subarray(radius * channels, radius * channels + stride);
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    const start = y * stride;
    for (let i = 0; i < stride; i++) middle[i] = kernel[0] * pixels[start + i];
    for (let off = 1; off <= radius; off++) {
      const above = mirror(y - off, height) * stride;
      const below = mirror(y + off, height) * stride;
      const weight = kernel[off];
      for (let i = 0; i < stride; i++) {
        middle[i] += weight * (pixels[above + i] + pixels[below + i]);
      }
    }
    mirrorEnds(sums, width, channels, radius);
    blurRow(sums, channels, kernel, out.subarray(y * stride, (y + 1) * stride));
  }
  pixels.set(out);
}

/** The middle weight of a symmetric kernel, then the weights of each side outwards. */
export function gaussianKernel(sigma: number, radius: number): Float64Array {
  const kernel = Float64Array.from(
    { length: radius + 1 },
    (_, off) => Math.exp(-(off * off) / (2 * sigma * sigma)),
  );
  const total = kernel.reduce((sum, weight) => sum + 2 * weight, -kernel[0]);
  return kernel.map((weight) => weight / total);
}

function mirrorEnds(row: Float32Array, width: number, channels: number, radius: number): void {
  for (let x = 1; x <= radius; x++) {
    for (
      const [to, from] of [[-x, mirror(-x, width)], [width - 1 + x, mirror(width - 1 + x, width)]]
    ) {
      for (let c = 0; c < channels; c++) {
        row[(radius + to) * channels + c] = row[(radius + from) * channels + c];
      }
    }
  }
}

function blurRow(
  row: Float32Array,
  channels: number,
  kernel: Float64Array,
  out: Uint8Array,
): void {
  const radius = kernel.length - 1;
  for (let i = 0, center = radius * channels; i < out.length; i++, center++) {
    let sum = kernel[0] * row[center];
    for (let off = 1, step = channels; off <= radius; off++, step += channels) {
      sum += kernel[off] * (row[center - step] + row[center + step]);
    }
    out[i] = Math.floor(sum + 0.5);
  }
}
