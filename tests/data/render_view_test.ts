import { deepEqual, equal, ok } from "node:assert/strict";
import { brightness, contrast, hue, saturation, toGray } from "../../src/data/color_jitter.ts";
import { cropResize } from "../../src/data/crop_resize.ts";
import type { Raster } from "../../src/data/raster.ts";
import { flipHorizontal, flipVertical } from "../../src/data/flip.ts";
import { blurKernelSize, gaussianBlur } from "../../src/data/gaussian_blur.ts";
import { renderView } from "../../src/data/render_view.ts";
import { rotate, rotationCoefficients } from "../../src/data/rotate.ts";
import { solarize } from "../../src/data/solarize.ts";
import { drawViewParams, type ViewParams } from "../../src/data/draw_view.ts";
import { DEFAULT_TRANSFORM_ARGS, viewSpecs } from "../../src/data/view_spec.ts";
import { randomStream } from "../../src/random.ts";
import { findCase, loadCase } from "../support/golden.ts";
import { noiseImage } from "../support/noise_image.ts";

/** Largest difference, and largest mean difference, that the golden README grants each change. */
const GRANTED: Record<string, [max: number, mean: number]> = {
  horizontal_flip: [0, 0],
  vertical_flip: [0, 0],
  brightness: [0, 0],
  contrast: [0, 0],
  gray: [0, 0],
  gaussian_blur: [0, 0],
  solarize: [0, 0],
  shrink: [0, 0],
  enlarge: [1, 1],
  saturation: [1, 1],
  hue: [4, 0.4],
  rotate: [3, 0.14],
  normalize: [1e-6, 1e-6],
  chain: [0.04, 0.007],
};

// deno-lint-ignore no-explicit-any -- parameters differ from change to change
type Params = any;

/** Applies one recorded change; returns [height, width, 3] values. */
function apply(op: string, image: Raster, params: Params): ArrayLike<number> {
  switch (op) {
    case "crop_resize":
      return cropResize(image, params, params).pixels;
    case "horizontal_flip":
      flipHorizontal(image);
      break;
    case "vertical_flip":
      flipVertical(image);
      break;
    case "brightness":
      brightness(image, params.factor);
      break;
    case "contrast":
      contrast(image, params.factor);
      break;
    case "saturation":
      saturation(image, params.factor);
      break;
    case "hue":
      hue(image, params.factor);
      break;
    case "gray":
      toGray(image);
      break;
    case "gaussian_blur":
      gaussianBlur(image, params.sigma);
      break;
    case "solarize":
      solarize(image, params.threshold);
      break;
    case "rotate":
      return rotate(image, rotationCoefficients(params.degrees, image.width, image.height)).pixels;
    case "normalize":
    case "chain":
      return renderChain(image, params);
    default:
      throw new Error(`no such change: ${op}`);
  }
  return image.pixels;
}

/** Renders the whole image with the recorded choices, as [height, width, 3]. */
function renderChain(image: Raster, params: Params): Float32Array {
  const { width, height } = image;
  const planes = new Float32Array(width * height * 3);
  renderView(image, {
    keep: [0, 1, 2],
    box: { x0: 0, y0: 0, x1: width, y1: height },
    width,
    height,
    flipHorizontal: params.horizontal_flip ?? false,
    flipVertical: false,
    rotation: null,
    jitter: params.jitter_order ? { ...params, order: params.jitter_order } : null,
    gray: params.gray ?? false,
    blur: params.blur_sigma
      ? { sigma: params.blur_sigma, kernelSize: blurKernelSize(params.blur_sigma) }
      : null,
    solarizeThreshold: params.solarize ? 0.5 : null,
    normalize: params,
  }, planes);
  return planes.map((_, i) => planes[i % 3 * width * height + Math.floor(i / 3)]);
}

Deno.test({
  name: "every change of an image matches the recorded reference",
  ignore: findCase("augment") === undefined,
  fn: async (t) => {
    const { json, tensors, f32, shape } = loadCase("augment");
    const pixels = (name: string) => tensors.get(name)!.data as Uint8Array;
    for (const { id, op, params, input, output } of json.ops) {
      const shrinks = params.kind !== "enlarges in at least one direction";
      const kind = op === "crop_resize" ? (shrinks ? "shrink" : "enlarge") : op;
      const [grantedMax, grantedMean] = GRANTED[kind];
      await t.step(`${id} ${op}`, () => {
        const [height, width] = shape(input);
        const actual = apply(op, {
          width,
          height,
          channels: 3,
          pixels: new Uint8Array(pixels(input)),
        }, params);
        const floats = op === "normalize" || op === "chain";
        const expected = floats ? f32(output) : pixels(output);
        equal(actual.length, expected.length);
        let [max, sum] = [0, 0];
        for (let i = 0; i < expected.length; i++) {
          const off = Math.abs(actual[i] - expected[i]);
          max = Math.max(max, off);
          sum += off;
        }
        ok(max <= grantedMax, `largest difference ${max}, granted ${grantedMax}`);
        const mean = sum / expected.length;
        ok(mean <= grantedMean, `mean difference ${mean}, granted ${grantedMean}`);
      });
    }
  },
});

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
