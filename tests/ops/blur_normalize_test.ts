import { deepEqual, throws } from "node:assert/strict";
import { blurKernelSize } from "../../src/views/gaussian_blur.ts";
import { normalize } from "../../src/views/normalize.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { blurNormalize } from "../../src/ops/blur_normalize.ts";
import { blurReference } from "../reference/gaussian_blur.ts";
import { assertAllClose } from "../support/arrays.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, uploadViews } from "../support/gpu_views.ts";
import { noiseImage } from "../support/noise_image.ts";

Deno.test("blurNormalize() blurs as the float64 reference does", async () => {
  using gpu = await Gpu.open();
  // One pixel, one row, a run and one pixel more, a kernel wider than the image, the widest kernel.
  const cases = [[1, 1, 2], [1, 9, 1.3], [9, 1, 0.3], [65, 3, 2], [130, 20, 0.6], [20, 17, 27]];
  for (const [width, height, sigma] of cases) {
    const image = noiseImage(width, height);
    const kernelSize = Math.min(193, blurKernelSize(sigma));
    const views = [null, { sigma, kernelSize }].map((blur) => ({ ...unchangedView(image), blur }));
    const { group, levels, out } = uploadViews(gpu, [image], [views]);
    const one = packed(image);
    const pixels = gpu.upload([2, one.length], Uint32Array.of(...one, ...one), "pixels");
    blurNormalize(gpu, pixels, levels, group, out);
    const planes = await gpu.download(out);
    const plane = width * height;
    const inRows = (view: number) =>
      Float64Array.from(
        { length: 3 * plane },
        (_, i) => planes[(3 * view + i % 3) * plane + Math.floor(i / 3)],
      );
    assertAllClose(inRows(0), image.pixels, { rtol: 1e-6, atol: 0 }, "pixels without a blur");
    // Half a level of rounding, and the float32 sums.
    const tolerance = { rtol: 0, atol: 0.5 + 1e-3 };
    assertAllClose(inRows(1), blurReference(image, sigma, kernelSize), tolerance);
  }
});

Deno.test("blurNormalize() solarizes from the threshold on, and looks levels up by channel", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(66, 5, 0, 4);
  const settings = { mean: [0.1, 0.2, 0.3, 0.4], std: [0.5, 0.6, 0.7, 0.8] };
  const view = { ...unchangedView(image), normalize: settings, solarizeThreshold: 0.5 };
  const { group, levels, out } = uploadViews(gpu, [image], [[view]]);
  const pixels = gpu.upload([1, 330], packed(image), "pixels");
  blurNormalize(gpu, pixels, levels, group, out);
  const expected = new Float32Array(4 * 330);
  const solarized = image.pixels.map((value) => value >= 127.5 ? 255 - value : value);
  normalize({ ...image, pixels: solarized }, settings, expected);
  deepEqual(await gpu.download(out), expected);
});

Deno.test("blurNormalize() refuses levels of other channels, and views of another size", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(4, 4);
  const { group, levels, out } = uploadViews(gpu, [image], [[unchangedView(image)]]);
  const pixels = gpu.upload([1, 16], packed(image), "pixels");
  throws(
    () => blurNormalize(gpu, pixels, gpu.empty([2, 256], "levels"), group, out),
    new ShapeError("Cannot run blurNormalize: levels must have shape [3, 256], got [2, 256]"),
  );
  throws(
    () => blurNormalize(gpu, pixels, levels, group, gpu.empty([1, 3, 4, 5], "out")),
    new ShapeError("Cannot run blurNormalize: out must have shape [1, 3, 4, 4], got [1, 3, 4, 5]"),
  );
});
