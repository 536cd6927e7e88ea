import type { RgbImage } from "./decode.ts";

/** Kernel size that covers 3.5 deviations on each side. */
export function blurKernelSize(sigma: number): number {
  return Math.floor(3.5 * sigma) * 2 + 1;
}

/** Blurs the image in place; the border is mirrored without repeating the edge pixel. */
export function gaussianBlur(image: RgbImage, sigma: number, kernelSize = blurKernelSize(sigma)) {
  if (kernelSize <= 1) return;
  const { width, height, data } = image;
  const kernel = gaussianKernel(sigma, kernelSize);
  const radius = kernelSize >> 1;
  const stride = width * 3;

  // Columns first, a whole row of sums at a time; then along the row.
  const sums = new Float32Array((width + 2 * radius) * 3);
  const middle = sums.subarray(radius * 3, radius * 3 + stride);
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    middle.fill(0);
    for (let tap = 0; tap < kernelSize; tap++) {
      const start = mirror(y + tap - radius, height) * stride;
      const weight = kernel[tap];
      for (let i = 0; i < stride; i++) middle[i] += weight * data[start + i];
    }
    mirrorEnds(sums, width, radius);
    blurRow(sums, kernel, out.subarray(y * stride, (y + 1) * stride));
  }
  data.set(out);
}

function gaussianKernel(sigma: number, size: number): Float64Array {
  const radius = size >> 1;
  const kernel = Float64Array.from(
    { length: size },
    (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return kernel.map((weight) => weight / total);
}

/** Index reflected into 0..size-1 about the edge pixels. */
function mirror(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const within = ((index % period) + period) % period;
  return within < size ? within : period - within;
}

function mirrorEnds(row: Float32Array, width: number, radius: number): void {
  for (let x = 1; x <= radius; x++) {
    for (
      const [to, from] of [[-x, mirror(-x, width)], [width - 1 + x, mirror(width - 1 + x, width)]]
    ) {
      for (let c = 0; c < 3; c++) row[(radius + to) * 3 + c] = row[(radius + from) * 3 + c];
    }
  }
}

function blurRow(row: Float32Array, kernel: Float64Array, out: Uint8Array): void {
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let tap = 0, at = i; tap < kernel.length; tap++, at += 3) sum += kernel[tap] * row[at];
    out[i] = Math.round(sum);
  }
}
