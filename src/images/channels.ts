import { grayValue } from "./luma.ts";
import type { Raster } from "./raster.ts";

/**
 * The same image with 1 to 4 channels: grey, grey and alpha, RGB, RGBA.
 *
 * Grey is the luma of a color; a color of a grey is three times the grey. Alpha is 255 where the
 * image has none, and dropped, not blended, where it is not asked for.
 *
 * @returns The image itself where it has that many channels already.
 */
export function withChannels(image: Raster, channels: number): Raster {
  if (image.channels === channels) return image;
  const { width, height } = image;
  const out: Raster = {
    width,
    height,
    channels,
    pixels: new Uint8Array(width * height * channels),
  };
  if (channels > 2 && image.channels > 2) copyColor(image, out);
  else if (channels > 2) spreadGray(image, out);
  else writeGray(image, out);
  if (channels % 2 === 0) writeAlpha(image, out);
  return out;
}

function copyColor(image: Raster, out: Raster): void {
  const [from, to] = [image.pixels, out.pixels];
  for (let i = 0, at = 0; at < to.length; i += image.channels, at += out.channels) {
    to[at] = from[i];
    to[at + 1] = from[i + 1];
    to[at + 2] = from[i + 2];
  }
}

function spreadGray(image: Raster, out: Raster): void {
  const [from, to] = [image.pixels, out.pixels];
  for (let i = 0, at = 0; at < to.length; i += image.channels, at += out.channels) {
    to[at] = to[at + 1] = to[at + 2] = from[i];
  }
}

function writeGray(image: Raster, out: Raster): void {
  const [from, to] = [image.pixels, out.pixels];
  const isGray = image.channels < 3;
  for (let i = 0, at = 0; at < to.length; i += image.channels, at += out.channels) {
    to[at] = isGray ? from[i] : grayValue(from, i);
  }
}

function writeAlpha(image: Raster, out: Raster): void {
  const [from, to] = [image.pixels, out.pixels];
  const hasAlpha = image.channels % 2 === 0;
  let i = image.channels - 1;
  for (let at = out.channels - 1; at < to.length; at += out.channels, i += image.channels) {
    to[at] = hasAlpha ? from[i] : 255;
  }
}
