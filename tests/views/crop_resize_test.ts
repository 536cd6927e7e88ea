import { deepEqual, ok } from "node:assert/strict";
import { cropResize } from "../../src/views/crop_resize.ts";
import { areaReference } from "../reference/crop_resize.ts";
import { noiseImage } from "../support/noise_image.ts";

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
