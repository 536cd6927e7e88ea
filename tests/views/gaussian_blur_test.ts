import { ok } from "node:assert/strict";
import { blurKernelSize, gaussianBlur } from "../../src/views/gaussian_blur.ts";
import { blurReference } from "../reference/gaussian_blur.ts";
import { noiseImage } from "../support/noise_image.ts";

Deno.test("gaussianBlur() averages with mirrored borders, in the smallest images too", () => {
  for (const [width, height, sigma] of [[1, 1, 2], [3, 2, 2], [1, 9, 1.3], [20, 17, 0.6]]) {
    const image = noiseImage(width, height);
    const exact = blurReference(image, sigma, blurKernelSize(sigma));
    gaussianBlur(image, sigma);
    // Half a level of rounding, and the float32 sums.
    image.pixels.forEach((value, i) => ok(Math.abs(value - exact[i]) < 0.5 + 1e-4));
  }
});
