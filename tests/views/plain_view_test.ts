import { deepEqual } from "node:assert/strict";
import { plainView } from "../../src/views/plain_view.ts";

const ARGS = {
  image_size: [224, 224] as [number, number],
  num_channels: 3,
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
};

Deno.test("squash takes all of an image", () => {
  const { box } = plainView({ width: 300, height: 100 }, ARGS, "squash");
  deepEqual(box, { x0: 0, y0: 0, x1: 300, y1: 100 });
});

Deno.test("crop takes 224 of 256 parts of the shorter side, from the middle", () => {
  const { box } = plainView({ width: 512, height: 256 }, ARGS, "crop");
  deepEqual(box, { x0: 144, y0: 16, x1: 368, y1: 240 });
});

Deno.test("crop has the proportions of the view, and lies within the smallest image", () => {
  const wide = { ...ARGS, image_size: [100, 200] as [number, number] };
  const { box } = plainView({ width: 256, height: 256 }, wide, "crop");
  deepEqual(box, { x0: 16, y0: 72, x1: 240, y1: 184 });
  deepEqual(plainView({ width: 1, height: 9 }, ARGS, "crop").box, { x0: 0, y0: 4, x1: 1, y1: 5 });
});
