import { encodePng } from "../images/encode.ts";
import type { Raster } from "../images/raster.ts";
import { blankCanvas, drawImage } from "./canvas.ts";

const GAP = 4; // pixels between images

/**
 * Lays images out in rows on a white sheet; every cell is as large as the largest image.
 *
 * @param columns Images in a row.
 * @returns A PNG file.
 * @throws {RangeError} If there is no image, or `columns` is not a positive integer.
 */
export function contactSheet(images: Raster[], columns: number): Uint8Array<ArrayBuffer> {
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
  const sheet = blankCanvas(width, height, [255, 255, 255]);
  images.forEach((image, i) => {
    const left = GAP + i % columns * cellWidth;
    const top = GAP + Math.floor(i / columns) * cellHeight;
    drawImage(sheet, image, left, top);
  });
  return encodePng(sheet);
}
