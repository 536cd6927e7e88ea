/** 8-bit red, green, blue, as `RgbImage` of `decode.ts`, which imports this file. */
interface Pixels {
  width: number;
  height: number;
  data: Uint8Array; // [height, width, 3]
}

/**
 * Turns and mirrors an image as its EXIF orientation asks, so that its first row is the top one.
 *
 * @param orientation 1 to 8; 1 returns the image itself, 5 to 8 swap width and height.
 */
export function orient(image: Pixels, orientation: number): Pixels {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  // Where the pixel at column x and row y of the result lies in the image.
  const [last, below] = [3 * (width - 1), 3 * width * (height - 1)];
  const [right, down] = [3, 3 * width];
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
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0, from = start + y * stepY; x < outWidth; x++, from += stepX, to += 3) {
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return { width: outWidth, height: outHeight, data: out };
}
