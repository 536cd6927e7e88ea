import { deepEqual, equal, ok } from "node:assert/strict";
import { renderView } from "../../src/views/render_view.ts";
import { drawViewParams, type ViewParams } from "../../src/views/draw_view.ts";
import { DEFAULT_TRANSFORM_ARGS, viewSpecs } from "../../src/views/view_spec.ts";
import { randomStream } from "../../src/random.ts";
import { noiseImage } from "../support/noise_image.ts";

/** A view with every change that knows no colors. */
const COLORLESS: ViewParams = {
  keep: [0, 1, 2],
  box: { x0: 1, y0: 2, x1: 19, y1: 15 },
  width: 12,
  height: 14,
  flipHorizontal: true,
  flipVertical: true,
  rotation: 20,
  jitter: null,
  gray: false,
  blur: { sigma: 1, kernelSize: 7 },
  solarizeThreshold: null,
  normalize: { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] },
};

Deno.test("renderView() gives a kept channel what it has in the whole view", () => {
  const image = noiseImage(20, 16);
  const plane = 12 * 14;
  const whole = new Float32Array(3 * plane);
  renderView(image, COLORLESS, whole);
  for (const keep of [[0], [1], [2], [0, 2], [1, 2]]) {
    const out = new Float32Array(keep.length * plane);
    renderView(image, { ...COLORLESS, keep }, out);
    keep.forEach((channel, i) =>
      deepEqual(
        out.subarray(i * plane, (i + 1) * plane),
        whole.subarray(channel * plane, (channel + 1) * plane),
      )
    );
  }
});

Deno.test("renderView() rotates after the flips", () => {
  const image = noiseImage(6, 6);
  const box = { x0: 0, y0: 0, x1: 6, y1: 6 };
  const plain = { ...COLORLESS, box, width: 6, height: 6, flipVertical: false, blur: null };
  const [out, flipped] = [new Float32Array(108), new Float32Array(108)];
  renderView(image, { ...plain, rotation: 90 }, out);
  renderView(image, { ...plain, rotation: null }, flipped);
  // The top row of a view turned counter-clockwise was its right column.
  for (let x = 0; x < 6; x++) equal(out[x], flipped[x * 6 + 5]);
});

Deno.test("renderView() makes views of images of 1, 2 and 4 channels", () => {
  for (const num_channels of [1, 2, 4]) {
    const normalize = { mean: Array(num_channels).fill(0.5), std: Array(num_channels).fill(0.5) };
    const { globals: [spec] } = viewSpecs({ ...DEFAULT_TRANSFORM_ARGS, num_channels, normalize });
    const { width, height, pixels } = noiseImage(32, 24);
    const image = { width, height, channels: num_channels, pixels: new Uint8Array(4 * 32 * 24) };
    image.pixels.set(pixels);
    const out = new Float32Array(num_channels * 224 * 224).fill(NaN);
    renderView(image, drawViewParams(randomStream(0, "channels"), image, spec), out);
    ok(out.every((value) => Math.abs(value) <= 1));
  }
});
