import type { Raster } from "../images/raster.ts";

/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** A rectangle on a canvas, in pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** An RGB image of one color, to draw on. */
export function blankCanvas(width: number, height: number, color: Color): Raster {
  const canvas = { width, height, channels: 3, pixels: new Uint8Array(width * height * 3) };
  mixArea(canvas, { left: 0, top: 0, width, height }, color, 1);
  return canvas;
}

/** An image as red, green and blue; what its channels are is {@linkcode drawImage}'s to say. */
export function rgbImage(image: Raster): Raster {
  const { width, height } = image;
  const rgb = { width, height, channels: 3, pixels: new Uint8Array(width * height * 3) };
  drawImage(rgb, image, 0, 0);
  return rgb;
}

/** Covers an area with a color; of what is there, `1 − cover` stays. */
export function mixArea(canvas: Raster, area: Area, color: Color, cover: number): void {
  for (let y = area.top; y < area.top + area.height; y++) {
    for (let x = area.left; x < area.left + area.width; x++) mixPixel(canvas, x, y, color, cover);
  }
}

/** Covers one pixel, and nothing if it lies outside. */
export function mixPixel(canvas: Raster, x: number, y: number, color: Color, cover: number): void {
  const { width, height, pixels } = canvas;
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const at = (y * width + x) * 3;
  for (let c = 0; c < 3; c++) {
    pixels[at + c] = Math.round(pixels[at + c] * (1 - cover) + color[c] * cover);
  }
}

/**
 * Draws an image, each of its pixels as a square of `factor` pixels; it must lie inside the canvas.
 *
 * Of one or two channels the first is shown as grey, of three or more the first three as color:
 * alpha is not looked at.
 */
export function drawImage(
  canvas: Raster,
  image: Raster,
  left: number,
  top: number,
  factor = 1,
): void {
  const { channels, pixels } = image;
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  const line = new Uint8Array(image.width * factor * 3);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width * factor; x++) {
      const from = (y * image.width + Math.floor(x / factor)) * channels;
      line.set([pixels[from], pixels[from + green], pixels[from + blue]], x * 3);
    }
    for (let copy = 0; copy < factor; copy++) {
      canvas.pixels.set(line, ((top + y * factor + copy) * canvas.width + left) * 3);
    }
  }
}
