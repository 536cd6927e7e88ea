import type { Raster } from "../images/raster.ts";
import type { Color } from "./canvas.ts";

/** Colors of the ramp; more would be alike in 8 bits. */
const STEPS = 256;

/** Lightness from the first color to the last, of 0 to 1. */
const [DARKEST, LIGHTEST] = [0.16, 0.97];

/** Hue from the first color to the last, in degrees: violet, red, orange, yellow. */
const [FIRST_HUE, LAST_HUE] = [-70, 105];

/** Chroma, where sRGB has so much of it, and at either end. */
const [MOST_CHROMA, LEAST_CHROMA] = [0.19, 0.03];

/**
 * A ramp from near black over violet and red to light yellow, whose lightness grows evenly, as the
 * eye has it and in print without colors: equal steps of a value look like equal steps.
 *
 * Made in OKLCh (Ottosson 2020, https://bottosson.github.io/posts/oklab/).
 */
export const RAMP: readonly Color[] = Array.from({ length: STEPS }, (_, step) => {
  const share = step / (STEPS - 1);
  const lightness = DARKEST + share * (LIGHTEST - DARKEST);
  const hue = (FIRST_HUE + share * (LAST_HUE - FIRST_HUE)) * Math.PI / 180;
  const chroma = LEAST_CHROMA + Math.sin(Math.PI * share) * (MOST_CHROMA - LEAST_CHROMA);
  return inGamut(lightness, chroma, hue);
});

/** The color of a share from 0 to 1. */
export function rampColor(share: number): Color {
  return RAMP[Math.round(Math.min(1, Math.max(0, share)) * (STEPS - 1))];
}

/** A pixel for each value, from black for 0 to light yellow for `most`. */
export function heatMap(
  values: ArrayLike<number>,
  [rows, columns]: readonly [rows: number, columns: number],
  most: number,
): Raster {
  const pixels = new Uint8Array(rows * columns * 3);
  for (let i = 0; i < rows * columns; i++) {
    pixels.set(rampColor(most > 0 ? values[i] / most : 0), i * 3);
  }
  return { width: columns, height: rows, channels: 3, pixels };
}

/** The ramp from left to right, one pixel high. */
export function rampImage(): Raster {
  return { width: STEPS, height: 1, channels: 3, pixels: Uint8Array.from(RAMP.flat()) };
}

/** The color of this lightness and hue with as much of the chroma as sRGB has. */
function inGamut(lightness: number, chroma: number, hue: number): Color {
  let [least, most] = [0, chroma];
  for (let round = 0; round < 20; round++) {
    const middle = (least + most) / 2;
    const fits = linearRgb(lightness, middle, hue).every((value) => value >= 0 && value <= 1);
    if (fits) least = middle;
    else most = middle;
  }
  const [red, green, blue] = linearRgb(lightness, least, hue).map(encoded);
  return [red, green, blue];
}

/** OKLCh to linear sRGB, which is outside 0 to 1 for colors that it does not have. */
function linearRgb(lightness: number, chroma: number, hue: number): number[] {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The 8-bit value that sRGB has for a linear one. */
function encoded(value: number): number {
  const share = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, share)));
}
