import { deepEqual, ok } from "node:assert/strict";
import { cropResize } from "../../src/data/crop_resize.ts";
import type { Raster } from "../../src/data/raster.ts";
import { noiseImage } from "../support/noise_image.ts";

/** Exact average over the fractional box of each output pixel. */
function areaReference(image: Raster, width: number, height: number): Float64Array {
  const overlap = (start: number, end: number, cell: number) =>
    Math.max(0, Math.min(end, cell + 1) - Math.max(start, cell));
  const [scaleX, scaleY] = [image.width / width, image.height / height];
  return Float64Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    let sum = 0;
    for (let row = 0; row < image.height; row++) {
      for (let col = 0; col < image.width; col++) {
        const weight = overlap(x * scaleX, (x + 1) * scaleX, col) *
          overlap(y * scaleY, (y + 1) * scaleY, row);
        sum += weight * image.pixels[(row * image.width + col) * 3 + i % 3];
      }
    }
    return sum / (scaleX * scaleY);
  });
}

Deno.test("cropResize() averages boxes with fractional edges", () => {
  for (const [inW, inH, outW, outH] of [[7, 5, 3, 4], [40, 31, 7, 31], [5, 5, 1, 1]]) {
    const image = noiseImage(inW, inH);
    const box = { x0: 0, y0: 0, x1: inW, y1: inH };
    const { pixels } = cropResize(image, box, { width: outW, height: outH });
    const exact = areaReference(image, outW, outH);
    // Half a level of rounding, and the float32 sums.
    pixels.forEach((value, i) => ok(Math.abs(value - exact[i]) < 0.5 + 1e-4));
  }
});

Deno.test("cropResize() reads the box alone", () => {
  const image = noiseImage(20, 16);
  const inner = cropResize(image, { x0: 3, y0: 2, x1: 15, y1: 12 }, { width: 12, height: 10 });
  for (const size of [{ width: 5, height: 5 }, { width: 17, height: 30 }]) {
    deepEqual(
      cropResize(image, { x0: 3, y0: 2, x1: 15, y1: 12 }, size),
      cropResize(inner, { x0: 0, y0: 0, x1: 12, y1: 10 }, size),
    );
  }
});
