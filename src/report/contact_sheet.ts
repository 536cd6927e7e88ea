import { encodePng } from "../images/encode.ts";
import type { Raster } from "../images/raster.ts";

const GAP = 4; // pixels between images

/**
 * Lays images out in rows on a white sheet; every cell is as large as the largest image.
 *
 * @param columns Images in a row.
 * @returns A PNG file.
 * @throws {RangeError} If there is no image, or `columns` is not a positive integer.
 */
export function contactSheet(images: Raster[], columns: number): Promise<Uint8Array> {
  if (images.length === 0 || !Number.isInteger(columns) || columns < 1) {
    throw new RangeError(
      `Cannot make a contact sheet: images and columns must be at least 1, got ${images.length} ` +
        `and ${columns}`,
    );
  }
  const cellWidth = Math.max(...images.map((image) => image.width)) + GAP;
  const cellHeight = Math.max(...images.map((image) => image.height)) + GAP;
  const width = columns * cellWidth + GAP;
  const height = Math.ceil(images.length / columns) * cellHeight + GAP;
  const pixels = new Uint8Array(width * height * 3).fill(255);
  images.forEach((image, i) => {
    const left = GAP + i % columns * cellWidth;
    const top = GAP + Math.floor(i / columns) * cellHeight;
    for (let y = 0; y < image.height; y++) {
      const row = image.pixels.subarray(y * image.width * 3, (y + 1) * image.width * 3);
      pixels.set(row, ((top + y) * width + left) * 3);
    }
  });
  return Promise.resolve(encodePng({ width, height, channels: 3, pixels }));
}
