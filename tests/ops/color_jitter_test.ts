import { deepEqual } from "node:assert/strict";
import {
  type ColorJitter,
  colorJitter as colorJitterOnHost,
  JITTER_OPS,
  type JitterOp,
  toGray,
} from "../../src/views/color_jitter.ts";
import type { ViewParams } from "../../src/views/draw_view.ts";
import type { Raster } from "../../src/images/raster.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { colorJitter } from "../../src/ops/color_jitter.ts";
import { randomStream } from "../../src/random.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, samplesOf, uploadViews } from "../support/gpu_views.ts";
import { noiseImage } from "../support/noise_image.ts";
import { assertSamples } from "../support/samples.ts";

/** All views of one image through the kernel, and on the host. */
async function bothWays(gpu: Gpu, image: Raster, views: ViewParams[]) {
  const { group } = uploadViews(gpu, [image], [views]);
  const one = packed(image);
  const all = Uint32Array.from(
    { length: views.length * one.length },
    (_, i) => one[i % one.length],
  );
  const pixels = gpu.upload([views.length, one.length], all, "pixels");
  colorJitter(gpu, pixels, group);
  const expected = views.flatMap(({ jitter, gray }) => {
    const copy = { ...image, pixels: image.pixels.slice() };
    if (jitter) colorJitterOnHost(copy, jitter);
    if (gray) toGray(copy);
    return [...copy.pixels];
  });
  return { actual: samplesOf(await gpu.downloadBytes(pixels), 3), expected };
}

const NO_JITTER: ColorJitter = { order: [], brightness: 1, contrast: 1, saturation: 1, hue: 0 };

function jittered(image: Raster, order: JitterOp[], amounts: Partial<ColorJitter>): ViewParams {
  return { ...unchangedView(image), jitter: { ...NO_JITTER, order, ...amounts } };
}

Deno.test("colorJitter() changes hue, brightness and grey to the very bytes of the host", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(37, 29);
  const views = [
    ...[0, 0.6, 1, 1.4, 300].map((brightness) => jittered(image, ["brightness"], { brightness })),
    ...[-0.5, -0.1, 0, 0.003, 0.05, 0.5].map((hue) => jittered(image, ["hue"], { hue })),
    { ...unchangedView(image), gray: true },
    unchangedView(image),
  ];
  const { actual, expected } = await bothWays(gpu, image, views);
  deepEqual(actual, Uint8Array.from(expected));
});

Deno.test("colorJitter() changes contrast and saturation as the host does", async () => {
  using gpu = await Gpu.open();
  // One pixel, and more columns and rows than a workgroup has lanes.
  for (const [width, height] of [[1, 1], [300, 7], [7, 300]]) {
    const image = noiseImage(width, height);
    const views = [0, 0.55, 1, 1.37].flatMap((factor) => [
      jittered(image, ["contrast"], { contrast: factor }),
      jittered(image, ["saturation"], { saturation: factor }),
    ]);
    const { actual, expected } = await bothWays(gpu, image, views);
    assertSamples(actual, expected);
  }
});

Deno.test("colorJitter() makes its changes in the drawn order, the mean grey between them", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(64, 48);
  const views = Array.from({ length: 48 }, (_, i) => {
    const stream = randomStream(i, "jitter");
    return {
      ...jittered(image, stream.shuffle([...JITTER_OPS]), {
        brightness: stream.range(0.6, 1.4),
        contrast: stream.range(0.6, 1.4),
        saturation: stream.range(0.8, 1.2),
        hue: stream.range(-0.1, 0.1),
      }),
      gray: i % 5 === 0,
    };
  });
  const { actual, expected } = await bothWays(gpu, image, views);
  assertSamples(actual, expected, { levels: 4 });
});
