import type { PixelDifference } from "./pixel_difference.ts";

/** What 8-bit pixels of any change may differ by, in levels. */
const EIGHT_BIT = { mean: 1, quantile: 2 };

/** What a change's pixels may differ by, at most and on average, within {@linkcode EIGHT_BIT}. */
function levels(max: number, mean = max): PixelDifference {
  return {
    max,
    mean: Math.min(mean, EIGHT_BIT.mean),
    quantile: Math.min(max, EIGHT_BIT.quantile),
  };
}

/** Normalized values are no levels. */
function normalized(max: number, mean: number): PixelDifference {
  return { max, mean, quantile: max };
}

/**
 * How far each change may be from the recorded pixels: what the recording grants to a plain
 * computation of its rules that rounds at the end.
 */
export const PIXEL_TOLERANCES = {
  shrink: levels(0),
  enlarge: levels(1),
  horizontal_flip: levels(0),
  vertical_flip: levels(0),
  rotate: levels(3, 0.14),
  brightness: levels(0),
  contrast: levels(0),
  saturation: levels(1),
  hue: levels(4, 0.4),
  gray: levels(0),
  gaussian_blur: levels(0),
  solarize: levels(0),
  normalize: normalized(1e-6, 1e-6),
  chain: normalized(0.04, 0.007),
  /** A JPEG's pixels: decoders differ in how they round and how they spread chroma. */
  decode: levels(5),
} as const satisfies Record<string, PixelDifference>;
