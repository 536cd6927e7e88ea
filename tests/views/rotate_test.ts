import { deepEqual, equal, ok } from "node:assert/strict";
import { rotate, rotationCoefficients } from "../../src/views/rotate.ts";
import { noiseImage } from "../support/noise_image.ts";

Deno.test("rotate() leaves an image alone at 0 degrees", () => {
  const image = noiseImage(7, 5);
  deepEqual(rotate(image, rotationCoefficients(0, 7, 5)), image);
});

Deno.test("rotate() turns a square counter-clockwise by a quarter exactly", () => {
  const image = noiseImage(6, 6);
  const turned = rotate(image, rotationCoefficients(90, 6, 6));
  for (let y = 0; y < 6; y++) {
    for (let x = 0; x < 6; x++) {
      // The top row comes from the right column.
      const [to, from] = [(y * 6 + x) * 3, (x * 6 + 5 - y) * 3];
      deepEqual(turned.pixels.slice(to, to + 3), image.pixels.slice(from, from + 3));
    }
  }
});

Deno.test("rotate() mirrors what lies outside, however far", () => {
  const { pixels } = noiseImage(9, 1);
  const row = { width: 9, height: 1, channels: 1, pixels: pixels.slice(0, 9) };
  // Upright, the one row is read as a column of the same pixel on both sides of its middle.
  const upright = rotate(row, rotationCoefficients(90, 9, 1));
  deepEqual(upright.pixels, new Uint8Array(9).fill(row.pixels[4]));
  const two = { width: 2, height: 1, channels: 1, pixels: Uint8Array.of(10, 20) };
  // 50 pixels to the left of a period of two: the first pixel again.
  deepEqual(rotate(two, Int32Array.of(1 << 16, 0, -50 << 16, 0, 1 << 16, 0)).pixels, two.pixels);
  deepEqual(
    rotate(two, Int32Array.of(1 << 16, 0, -51 << 16, 0, 1 << 16, 0)).pixels,
    Uint8Array.of(20, 10),
  );
});

Deno.test("rotate() keeps each channel to itself", () => {
  for (const channels of [1, 2, 3, 4]) {
    const planes = Array.from({ length: channels }, (_, seed) => {
      const { pixels } = noiseImage(8, 5, seed);
      return { width: 8, height: 5, channels: 1, pixels: pixels.slice(0, 40) };
    });
    const pixels = Uint8Array.from(
      { length: 40 * channels },
      (_, i) => planes[i % channels].pixels[Math.floor(i / channels)],
    );
    const coefficients = rotationCoefficients(-33, 8, 5);
    const turned = rotate({ width: 8, height: 5, channels, pixels }, coefficients);
    planes.forEach((plane, c) =>
      deepEqual(
        turned.pixels.filter((_, i) => i % channels === c),
        rotate(plane, coefficients).pixels,
      )
    );
  }
});

Deno.test("rotationCoefficients() keeps the largest views within 32 bits", () => {
  for (let degrees = -180; degrees <= 180; degrees += 7.5) {
    const [xx, xy, x0, yx, yy, y0] = rotationCoefficients(degrees, 4096, 4096);
    for (const x of [0, 4095]) {
      for (const y of [0, 4095]) {
        const sums = [xx * x + xy * y + x0 + 1024, yx * x + yy * y + y0 + 1024];
        for (const sum of sums) equal(sum, sum | 0);
        // A rotation moves no pixel farther than the diagonal.
        ok(Math.hypot(sums[0] / 65536 - 2047.5, sums[1] / 65536 - 2047.5) < 2048 * Math.SQRT2);
      }
    }
  }
});
