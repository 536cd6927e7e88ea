import { deepEqual, equal, throws } from "node:assert/strict";
import { cropResize as cropResizeOnHost } from "../../src/views/crop_resize.ts";
import { flipHorizontal, flipVertical } from "../../src/views/flip.ts";
import { keepChannels } from "../../src/views/keep_channels.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { cropResize } from "../../src/ops/crop_resize.ts";
import { areaReference } from "../reference/crop_resize.ts";
import { assertAllClose } from "../support/arrays.ts";
import { noiseImage } from "../support/noise_image.ts";
import { assertSamples } from "../support/samples.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { samplesOf, uploadViews } from "../support/gpu_views.ts";

/** Image, box and view: shrinks, enlarges, both at once, whole factors, one pixel, long images. */
const CASES = [
  { image: [7, 5], box: [0, 0, 7, 5], view: [3, 4] },
  { image: [40, 31], box: [3, 2, 37, 31], view: [7, 29] },
  { image: [40, 31], box: [5, 1, 16, 9], view: [17, 30] },
  { image: [33, 40], box: [0, 0, 32, 32], view: [16, 16] },
  { image: [33, 40], box: [1, 4, 31, 34], view: [10, 10] },
  { image: [9, 9], box: [2, 3, 9, 9], view: [7, 6] },
  { image: [1, 1], box: [0, 0, 1, 1], view: [9, 7] },
  { image: [500, 3], box: [0, 0, 500, 3], view: [8, 3] },
];

Deno.test("cropResize() makes the same bytes as the worker threads", async (t) => {
  using gpu = await Gpu.open();
  for (const { image: [w, h], box: [x0, y0, x1, y1], view: [width, height] } of CASES) {
    for (const channels of [1, 2, 3, 4]) {
      await t.step(`${w} x ${h}, ${channels} channels, to ${width} x ${height}`, async () => {
        // Two images, so that the second begins on a word that the first does not fill.
        const images = [noiseImage(w, h, 1, channels), noiseImage(w, h, 2, channels)];
        const params = { ...unchangedView(images[0]), box: { x0, y0, x1, y1 }, width, height };
        const flips = [[false, false], [true, false], [false, true]];
        const views = flips.map(([flipHorizontal, flipVertical]) => ({
          ...params,
          flipHorizontal,
          flipVertical,
        }));
        const uploaded = uploadViews(gpu, images, [views, views]);
        const pixels = cropResize(gpu, uploaded.images, uploaded.group);
        const actual = samplesOf(await gpu.downloadBytes(pixels), channels);
        const expected = views.flatMap((view) =>
          images.flatMap((image) => {
            const made = cropResizeOnHost(image, view.box, view);
            if (view.flipHorizontal) flipHorizontal(made);
            if (view.flipVertical) flipVertical(made);
            return [...made.pixels];
          })
        );
        assertSamples(actual, Uint8Array.from(expected));
      });
    }
  }
});

Deno.test("cropResize() averages boxes as the float64 reference does", async () => {
  using gpu = await Gpu.open();
  for (const [w, h, width, height] of [[7, 5, 3, 4], [65, 130, 64, 9], [257, 31, 5, 31]]) {
    const image = noiseImage(w, h);
    const params = { ...unchangedView(image), width, height };
    const { images, group } = uploadViews(gpu, [image], [[params]]);
    const pixels = await gpu.downloadBytes(cropResize(gpu, images, group));
    // Half a level of rounding, and the float32 sums.
    const tolerance = { rtol: 0, atol: 0.5 + 1e-4 };
    assertAllClose(samplesOf(pixels, 3), areaReference(image, width, height), tolerance);
  }
});

Deno.test("cropResize() keeps the channels that were drawn, in their order", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(10, 12, 0, 4);
  const views = [[0, 1], [1, 3], [2, 3]].map((keep) => ({ ...unchangedView(image), keep }));
  const { images, group } = uploadViews(gpu, [image], [views]);
  const pixels = samplesOf(await gpu.downloadBytes(cropResize(gpu, images, group)), 2);
  const expected = views.flatMap(({ keep }) => [...keepChannels(image, keep).pixels]);
  deepEqual([...pixels], expected);
});

Deno.test("cropResize() names the table that does not fit the group", async () => {
  using gpu = await Gpu.open();
  const image = noiseImage(4, 4);
  const { images, group } = uploadViews(gpu, [image], [[unchangedView(image)]]);
  throws(
    () => cropResize(gpu, images, { ...group, views: 2 }),
    new ShapeError(
      `Cannot run cropResize: table must have shape [2, words], got [1, ${group.table.shape[1]}]`,
    ),
  );
  throws(
    () => cropResize(gpu, images, { ...group, size: [4, 5] }),
    new ShapeError("Cannot run cropResize: taps must have shape [1, 9, 5], got [1, 8, 5]"),
  );
  equal(images.shape.length, 1);
});
