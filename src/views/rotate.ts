import { mirror } from "./mirror.ts";
import type { Raster } from "../images/raster.ts";

/** One pixel in the fixed point of the coefficients. */
const ONE = 1 << 16;

/**
 * How a rotation about the middle of an image finds the source of each output pixel.
 *
 * @param degrees Counter-clockwise.
 * @param width Of the image in pixels, at most 4096, and `height` too: sums then fit 32 bits.
 * @returns `[xx, xy, x0, yx, yy, y0]` in 1/65536 pixel: output (x, y) shows
 *   (xx·x + xy·y + x0, yx·x + yy·y + y0).
 */
export function rotationCoefficients(degrees: number, width: number, height: number): Int32Array {
  const angle = degrees * Math.PI / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const x0 = middleX - cos * middleX + sin * middleY;
  const y0 = middleY - sin * middleX - cos * middleY;
  return Int32Array.from([cos, -sin, x0, sin, cos, y0], (value) => Math.round(value * ONE));
}

/**
 * Rotates an image as `coefficients` say; the size stays, the border is mirrored.
 *
 * Interpolates linearly between positions rounded to 1/32 pixel, as the reference does, in integers
 * alone, so that a GPU gives the same bytes.
 *
 * @param coefficients From {@linkcode rotationCoefficients}.
 */
export function rotate(image: Raster, coefficients: Int32Array): Raster {
  const { width, height, channels } = image;
  const [xx, xy, x0, yx, yy, y0] = coefficients;
  const pixels = new Uint8Array(image.pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sourceX = (xx * x + xy * y + x0 + 1024) >> 11; // in 1/32 pixel
      const sourceY = (yx * x + yy * y + y0 + 1024) >> 11;
      writeBetween(image, sourceX, sourceY, pixels, (y * width + x) * channels);
    }
  }
  return { width, height, channels, pixels };
}

/** Writes the pixel at a position in 1/32 pixel, from the four around it. */
function writeBetween(image: Raster, x: number, y: number, out: Uint8Array, at: number): void {
  const { width, height, channels, pixels } = image;
  const [left, right] = [mirror(x >> 5, width), mirror((x >> 5) + 1, width)];
  const top = mirror(y >> 5, height) * width;
  const bottom = mirror((y >> 5) + 1, height) * width;
  const [shareX, shareY] = [x & 31, y & 31];
  for (let c = 0; c < channels; c++) {
    const upper = (32 - shareX) * pixels[(top + left) * channels + c] +
      shareX * pixels[(top + right) * channels + c];
    const lower = (32 - shareX) * pixels[(bottom + left) * channels + c] +
      shareX * pixels[(bottom + right) * channels + c];
    out[at + c] = ((32 - shareY) * upper + shareY * lower + 512) >> 10;
  }
}
