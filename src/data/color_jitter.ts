import { grayValue } from "./luma.ts";
import type { Raster } from "./raster.ts";

/** The four changes of a color jitter, applied in any order. */
export const JITTER_OPS = ["brightness", "contrast", "saturation", "hue"] as const;

export type JitterOp = (typeof JITTER_OPS)[number];

/** How much to change; a factor of 1 (hue: 0) leaves the image as it is. */
export interface ColorJitter {
  order: JitterOp[];
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number; // share of a full turn
}

/** Changes the image in place; each step is rounded to 8 bits. */
export function colorJitter(image: Raster, jitter: ColorJitter): void {
  for (const op of jitter.order) {
    switch (op) {
      case "brightness":
        brightness(image, jitter.brightness);
        break;
      case "contrast":
        contrast(image, jitter.contrast);
        break;
      case "saturation":
        saturation(image, jitter.saturation);
        break;
      case "hue":
        hue(image, jitter.hue);
        break;
    }
  }
}

/** Scales all values by `factor`, in place; truncates as the reference does. */
export function brightness(image: Raster, factor: number): void {
  lookUp(image, (value) => Math.fround(value * Math.fround(factor)));
}

/** Moves all values away from the mean grey by `factor`, in place; truncates. */
export function contrast(image: Raster, factor: number): void {
  const mean = grayMean(image);
  if (factor === 0) image.pixels.fill(Math.floor(mean + 0.5));
  else lookUp(image, (value) => value * factor + mean * (1 - factor));
}

function lookUp({ pixels }: Raster, change: (value: number) => number): void {
  const table = new Uint8Array(256);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.min(255, Math.max(0, change(value)));
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]];
}

/** Mixes each pixel with its grey value, in place: `factor` 0 is grey, 1 unchanged. */
export function saturation({ pixels }: Raster, factor: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const rest = (1 - factor) * grayValue(pixels, i);
    for (let c = i; c < i + 3; c++) {
      const value = Math.round(factor * pixels[c] + rest);
      pixels[c] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** Makes the image grey, in place, keeping three equal channels. */
export function toGray({ pixels }: Raster): void {
  for (let i = 0; i < pixels.length; i += 3) {
    pixels[i] = pixels[i + 1] = pixels[i + 2] = grayValue(pixels, i);
  }
}

function grayMean({ pixels }: Raster): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 3) sum += grayValue(pixels, i);
  return sum / (pixels.length / 3);
}

/** Reciprocals in 12-bit fixed point, by which 8-bit HSV divides. */
const SATURATION_SCALE = reciprocals(255);
const HUE_SCALE = reciprocals(180 / 6);

function reciprocals(scale: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => i === 0 ? 0 : Math.round(scale * 4096 / i));
}

/** Turns the hue by `factor` of a full turn, in place, through 8-bit HSV (hue in 0..179). */
export function hue({ pixels }: Raster, factor: number): void {
  if (factor === 0) return; // 8-bit HSV would still round
  const turned = Float64Array.from({ length: 180 }, (_, h) => {
    const moved = (h + 180 * factor) % 180;
    return Math.floor(moved < 0 ? moved + 180 : moved);
  });
  for (let i = 0; i < pixels.length; i += 3) {
    const [red, green, blue] = [pixels[i], pixels[i + 1], pixels[i + 2]];
    const value = Math.max(red, green, blue);
    const spread = value - Math.min(red, green, blue);
    if (spread === 0) continue; // a grey has no hue
    const saturation = (spread * SATURATION_SCALE[value] + 2048) >> 12;
    const sector = value === red
      ? green - blue
      : value === green
      ? blue - red + 2 * spread
      : red - green + 4 * spread;
    const angle = (sector * HUE_SCALE[spread] + 2048) >> 12;
    writeHsv(pixels, i, turned[(angle + 180) % 180], saturation / 255, value);
  }
}

function writeHsv(pixels: Uint8Array, i: number, h: number, saturation: number, value: number) {
  const angle = h / 30; // six sectors
  const sector = Math.floor(angle);
  const part = angle - sector;
  const low = Math.floor(value * (1 - saturation));
  const falling = Math.floor(value * (1 - saturation * part));
  const rising = Math.floor(value * (1 - saturation * (1 - part)));
  const [top, between, bottom] = SECTOR_CHANNELS[sector];
  pixels[i + top] = value;
  pixels[i + between] = sector % 2 === 0 ? rising : falling;
  pixels[i + bottom] = low;
}

/** For each sixth of the hue circle: the highest channel, the one between, the lowest. */
const SECTOR_CHANNELS = [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1], [0, 2, 1]];
