import type { Raster } from "./raster.ts";

/**
 * Turns and mirrors an image as its EXIF orientation asks, so that its first row is the top one.
 *
 * @param orientation 1 to 8; 1 returns the image itself, 5 to 8 swap width and height.
 */
export function orient(image: Raster, orientation: number): Raster {
  if (orientation === 1) return image;
  const { width, height, channels, pixels } = image;
  // Where the pixel at column x and row y of the result lies in the image.
  const [last, below] = [channels * (width - 1), channels * width * (height - 1)];
  const [right, down] = [channels, channels * width];
  const [start, stepX, stepY] = [
    [0, right, down], // 1: as stored
    [last, -right, down], // 2: mirrored
    [last + below, -right, -down], // 3: half a turn
    [below, right, -down], // 4: upside down
    [0, down, right], // 5: rows are columns
    [below, -down, right], // 6: a quarter turn clockwise
    [last + below, -down, -right], // 7: both
    [last, down, -right], // 8: a quarter turn the other way
  ][orientation - 1];
  const [outWidth, outHeight] = orientation > 4 ? [height, width] : [width, height];
  const out = new Uint8Array(pixels.length);
  let to = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0, from = start + y * stepY; x < outWidth; x++, from += stepX) {
      for (let c = 0; c < channels; c++) out[to++] = pixels[from + c];
    }
  }
  return { width: outWidth, height: outHeight, channels, pixels: out };
}
