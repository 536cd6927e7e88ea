import { deepEqual, equal, ok } from "node:assert/strict";
import { cropResize } from "../../src/views/crop_resize.ts";
import { drawViewParams } from "../../src/views/draw_view.ts";
import { reduceImage, reductionOf } from "../../src/views/reduce.ts";
import {
  DEFAULT_TRANSFORM_ARGS,
  type TransformArgs,
  viewSpecs,
} from "../../src/views/view_spec.ts";
import { drawTexture } from "../../src/demo/textures.ts";
import { randomStream } from "../../src/random.ts";
import { noiseImage } from "../support/noise_image.ts";

/** The default recipe for views of an eighth of its size: what it is to photos 8 times as wide. */
const SMALL: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [28, 28],
  local_view: { ...DEFAULT_TRANSFORM_ARGS.local_view!, view_size: [12, 12] },
};

Deno.test("reductionOf() leaves the smallest crop three times as large as its view", () => {
  const of = (width: number, height: number, args = DEFAULT_TRANSFORM_ARGS) =>
    reductionOf({ width, height }, args);
  // Local crops decide: √(0.05 · 3/4) of a square's side, of which 98 pixels are the view.
  deepEqual([500, 3000, 3040, 5000, 6100].map((side) => of(side, side)), [1, 1, 2, 3, 4]);
  deepEqual([of(4000, 3000), of(8000, 6000), of(30_000, 300)], [2, 4, 1]);
  // Without local views the global ones; without crops the whole image is one.
  equal(of(2500, 2500, { ...DEFAULT_TRANSFORM_ARGS, local_view: null }), 1);
  equal(of(2800, 2800, { ...DEFAULT_TRANSFORM_ARGS, local_view: null }), 2);
  equal(
    of(1400, 1400, { ...DEFAULT_TRANSFORM_ARGS, local_view: null, random_resize: null }),
    2,
  );
});

Deno.test("reduceImage() averages whole images, of sides that the factor need not divide", () => {
  const [image, odd] = [noiseImage(384, 384), noiseImage(401, 385)];
  equal(reductionOf(image, SMALL), 2);
  equal(reduceImage(noiseImage(40, 40), SMALL).width, 40);
  const reduced = reduceImage(image, SMALL);
  deepEqual([reduced.width, reduced.height], [192, 192]);
  const at = (x: number, y: number) => image.pixels[(y * 384 + x) * 3];
  equal(reduced.pixels[0], (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) >> 2);
  const other = reduceImage(odd, SMALL);
  deepEqual([other.width, other.height], [201, 193]);
});

Deno.test("reduceImage() is not noticed by the crops that follow", () => {
  const image = drawTexture(randomStream(1, "photo"), "dots", 800);
  const factor = reductionOf(image, SMALL);
  equal(factor, 4);
  const reduced = reduceImage(image, SMALL);
  let [sum, count, most] = [0, 0, 0];
  for (let i = 0; i < 20; i++) {
    const { globals, locals } = viewSpecs(SMALL);
    for (const [view, spec] of [globals[0], locals[0]].entries()) {
      const params = drawViewParams(randomStream(0, "views", i, view), reduced, spec);
      const { x0, y0, x1, y1 } = params.box;
      const whole = { x0: x0 * factor, y0: y0 * factor, x1: x1 * factor, y1: y1 * factor };
      const expected = cropResize(image, whole, params).pixels;
      cropResize(reduced, params.box, params).pixels.forEach((value, at) => {
        const off = Math.abs(value - expected[at]);
        sum += off;
        most = Math.max(most, off);
        count++;
      });
    }
  }
  // Rounding to 8 bits alone is off by 0.25 on average. Photos: 0.28, 99.9 % within 4.
  ok(sum / count < 0.5, `${sum / count}`);
  ok(most <= 16, `${most}`);
});
