import { grayValue } from "../images/luma.ts";
import type { Raster } from "../images/raster.ts";

const { fround } = Math;

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
  const share = fround(factor);
  lookUp(image, (value) => fround(value * share));
}

/** Moves all values away from the mean grey by `factor`, in place; float32, truncates. */
export function contrast(image: Raster, factor: number): void {
  const mean = fround(grayMean(image));
  if (factor === 0) {
    image.pixels.fill(Math.floor(mean + 0.5));
    return;
  }
  const share = fround(factor);
  const offset = fround(mean * fround(1 - share));
  lookUp(image, (value) => fround(fround(value * share) + offset));
}

function lookUp({ pixels }: Raster, change: (value: number) => number): void {
  const table = new Uint8Array(256);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.min(255, Math.max(0, change(value)));
  }
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]];
}

/** Mixes each pixel with its grey value, in place and in float32: `factor` 0 is grey. */
export function saturation({ pixels }: Raster, factor: number): void {
  const share = fround(factor);
  const grayShare = fround(1 - share);
  for (let i = 0; i < pixels.length; i += 3) {
    const gray = fround(grayShare * grayValue(pixels, i));
    for (let c = i; c < i + 3; c++) {
      const mixed = fround(fround(share * pixels[c]) + gray);
      const value = Math.floor(fround(mixed + 0.5));
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

/** Steps of 1/180 turn, 0..179, that 8-bit HSV turns a hue by. */
export function hueShift(factor: number): number {
  const steps = Math.floor(180 * factor) % 180;
  return steps < 0 ? steps + 180 : steps;
}

/**
 * Turns the hue by `factor` of a full turn, in place, through 8-bit HSV (hue in 0..179).
 *
 * Integers alone, so that a GPU gives the same bytes.
 */
export function hue({ pixels }: Raster, factor: number): void {
  if (factor === 0) return; // 8-bit HSV would still round
  const shift = hueShift(factor);
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
    writeHsv(pixels, i, (angle + 180 + shift) % 180, saturation, value);
  }
}

/** Writes a pixel from 8-bit HSV; products stay below 2²¹, so the divisions round down exactly. */
function writeHsv(pixels: Uint8Array, i: number, h: number, saturation: number, value: number) {
  const sector = Math.trunc(h / 30); // of six
  const part = h % 30;
  const [top, between, bottom] = SECTOR_CHANNELS[sector];
  const distance = sector % 2 === 0 ? 30 - part : part; // the channel between rises, then falls
  pixels[i + top] = value;
  pixels[i + between] = Math.floor(value * (255 * 30 - saturation * distance) / (255 * 30));
  pixels[i + bottom] = Math.floor(value * (255 - saturation) / 255);
}

/** For each sixth of the hue circle: the highest channel, the one between, the lowest. */
const SECTOR_CHANNELS = [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1], [0, 2, 1]];
