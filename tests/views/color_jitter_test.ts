import { deepEqual, equal } from "node:assert/strict";
import { contrast, hue, hueShift, saturation } from "../../src/views/color_jitter.ts";
import { noiseImage } from "../support/noise_image.ts";

Deno.test("hueShift() rounds a share of a turn down to steps of 1/180", () => {
  deepEqual([0.1, -0.1, 0.5, -0.5, 0.001, -0.001].map(hueShift), [18, 162, 90, 90, 0, 179]);
});

Deno.test("hue() turns pure colors exactly and leaves grey alone", () => {
  const image = {
    width: 4,
    height: 1,
    channels: 3,
    pixels: Uint8Array.of(255, 0, 0, 0, 200, 0, 0, 0, 90, 77, 77, 77),
  };
  hue(image, 1 / 3);
  deepEqual(image.pixels, Uint8Array.of(0, 255, 0, 0, 0, 200, 90, 0, 0, 77, 77, 77));
});

Deno.test("saturation() and contrast() keep bytes at the ends of their range", () => {
  const image = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(255, 0, 9, 0, 250, 255) };
  saturation(image, 3);
  deepEqual(image.pixels, Uint8Array.of(255, 0, 0, 0, 255, 255));
  contrast(image, 4);
  deepEqual(image.pixels, Uint8Array.of(255, 0, 0, 0, 255, 255));
});

Deno.test("saturation() leaves an image alone at factor 1 and makes it grey at 0", () => {
  const image = noiseImage(5, 4);
  const { pixels } = noiseImage(5, 4);
  saturation(image, 1);
  deepEqual(image.pixels, pixels);
  saturation(image, 0);
  for (let i = 0; i < image.pixels.length; i += 3) {
    equal(new Set(image.pixels.subarray(i, i + 3)).size, 1);
  }
});
