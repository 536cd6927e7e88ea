import { deepEqual, throws } from "node:assert/strict";
import { rotate as rotateOnHost, rotationCoefficients } from "../../src/views/rotate.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { rotate } from "../../src/ops/rotate.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, samplesOf, uploadViews } from "../support/gpu_views.ts";
import { noiseImage } from "../support/noise_image.ts";

Deno.test("rotate() makes the same bytes as the worker threads, and copies what is not turned", async () => {
  using gpu = await Gpu.open();
  for (const [width, height] of [[1, 1], [5, 3], [64, 31], [98, 98]]) {
    const image = noiseImage(width, height);
    const views = [null, 0, 13, -77.7, 90, 180, 400].map((rotation) => ({
      ...unchangedView(image),
      rotation,
    }));
    const { group } = uploadViews(gpu, [image], [views]);
    const pixels = packed(image);
    const all = Uint32Array.from(
      { length: 7 * pixels.length },
      (_, i) => pixels[i % pixels.length],
    );
    const turned = rotate(gpu, gpu.upload([7, pixels.length], all, "pixels"), group);
    const expected = views.flatMap(({ rotation }) => {
      if (rotation === null) return [...image.pixels];
      return [...rotateOnHost(image, rotationCoefficients(rotation, width, height)).pixels];
    });
    deepEqual(samplesOf(await gpu.downloadBytes(turned), 3), Uint8Array.from(expected));
  }
});

Deno.test("rotate() refuses pixels that do not fit the group", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(4, 4);
  const { group } = uploadViews(gpu, [image], [[unchangedView(image)]]);
  throws(
    () => rotate(gpu, gpu.empty([1, 15], "pixels", "u32"), group),
    new ShapeError("Cannot run rotate: pixels must have shape [1, 16], got [1, 15]"),
  );
});
