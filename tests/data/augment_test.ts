import { deepEqual, equal, ok } from "node:assert/strict";
import {
  DEFAULT_TRANSFORM_ARGS,
  drawViewParams,
  renderView,
  viewSpecs,
} from "../../src/data/augment.ts";
import { brightness, contrast, hue, saturation, toGray } from "../../src/data/color_jitter.ts";
import { cropResize } from "../../src/data/crop_resize.ts";
import type { Raster } from "../../src/data/raster.ts";
import { flipHorizontal, flipVertical } from "../../src/data/flip.ts";
import { blurKernelSize, gaussianBlur } from "../../src/data/gaussian_blur.ts";
import { normalize } from "../../src/data/normalize.ts";
import { solarize } from "../../src/data/solarize.ts";
import { randomStream } from "../../src/random.ts";
import { findCase, loadCase } from "../support/golden.ts";

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
    box: { x0: 0, y0: 0, x1: width, y1: height },
    width,
    height,
    flipHorizontal: params.horizontal_flip ?? false,
    flipVertical: false,
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
      if (op === "rotate") continue; // the default recipe does not rotate
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

function noiseImage(width: number, height: number, seed = 0): Raster {
  const stream = randomStream(seed, "noise");
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => stream.int(256));
  return { width, height, channels: 3, pixels };
}

/** Exact average over the fractional box of each output pixel. */
function areaReference(image: Raster, width: number, height: number): Float64Array {
  const overlap = (start: number, end: number, cell: number) =>
    Math.max(0, Math.min(end, cell + 1) - Math.max(start, cell));
  const [scaleX, scaleY] = [image.width / width, image.height / height];
  return Float64Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    let sum = 0;
    for (let row = 0; row < image.height; row++) {
      for (let col = 0; col < image.width; col++) {
        const weight = overlap(x * scaleX, (x + 1) * scaleX, col) *
          overlap(y * scaleY, (y + 1) * scaleY, row);
        sum += weight * image.pixels[(row * image.width + col) * 3 + i % 3];
      }
    }
    return sum / (scaleX * scaleY);
  });
}

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

/** Weighted average over the kernel's square, the border mirrored about the edge pixels. */
function blurReference(image: Raster, sigma: number, kernelSize: number): Float64Array {
  const radius = kernelSize >> 1;
  const inside = (at: number, size: number): number =>
    size === 1 ? 0 : at < 0 ? inside(-at, size) : at >= size ? inside(2 * size - 2 - at, size) : at;
  return Float64Array.from(image.pixels, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % image.width, Math.floor(i / 3 / image.width)];
    let [sum, total] = [0, 0];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
        const [col, row] = [inside(x + dx, image.width), inside(y + dy, image.height)];
        sum += weight * image.pixels[(row * image.width + col) * 3 + i % 3];
        total += weight;
      }
    }
    return sum / total;
  });
}

Deno.test("gaussianBlur() averages with mirrored borders, in the smallest images too", () => {
  for (const [width, height, sigma] of [[1, 1, 2], [3, 2, 2], [1, 9, 1.3], [20, 17, 0.6]]) {
    const image = noiseImage(width, height);
    const exact = blurReference(image, sigma, blurKernelSize(sigma));
    gaussianBlur(image, sigma);
    // Half a level of rounding, and the float32 sums.
    image.pixels.forEach((value, i) => ok(Math.abs(value - exact[i]) < 0.5 + 1e-4));
  }
});

Deno.test("normalize() writes one plane per channel", () => {
  const out = new Float32Array(6);
  const image = {
    width: 2,
    height: 1,
    channels: 3,
    pixels: Uint8Array.of(0, 51, 102, 255, 204, 153),
  };
  normalize(image, { mean: [0, 0.2, 0.4], std: [1, 0.2, 0.1] }, out);
  deepEqual(out, Float32Array.of(0, 1, 0, 3, 0, 2));
});

Deno.test("viewSpecs() lets the second and the local views differ as asked", () => {
  const { globals: [first, second], locals } = viewSpecs(DEFAULT_TRANSFORM_ARGS);
  equal(locals.length, 8);
  deepEqual([first.size, second.size, locals[0].size], [[224, 224], [224, 224], [98, 98]]);
  deepEqual(
    [first, second, locals[0]].map((spec) => spec.gaussian_blur?.prob),
    [1, 0.1, 0.5],
  );
  deepEqual([first, second, locals[0]].map((spec) => spec.solarize?.prob), [
    undefined,
    0.2,
    undefined,
  ]);
  deepEqual(locals[0].random_resize, { min_scale: 0.05, max_scale: 0.32 });
  deepEqual(viewSpecs({ ...DEFAULT_TRANSFORM_ARGS, local_view: null }).locals, []);
});

Deno.test("drawViewParams() follows the probabilities and ranges of the recipe", () => {
  const spec = viewSpecs(DEFAULT_TRANSFORM_ARGS).globals[1];
  const [n, width, height] = [4000, 400, 300];
  const seen = { flip: 0, jitter: 0, gray: 0, blur: 0, solarize: 0 };
  const orders = new Set<string>();
  for (let i = 0; i < n; i++) {
    const params = drawViewParams(randomStream(0, "views", i), { width, height }, spec);
    const { box, jitter, blur } = params;
    ok(box.x0 >= 0 && box.y0 >= 0 && box.x1 <= width && box.y1 <= height);
    const [boxWidth, boxHeight] = [box.x1 - box.x0, box.y1 - box.y0];
    const share = boxWidth * boxHeight / (width * height);
    ok(share > 0.31 && share <= 1, `crop covers ${share}`);
    ok(boxWidth / boxHeight > 0.74 && boxWidth / boxHeight < 1.35);
    seen.flip += Number(params.flipHorizontal);
    seen.gray += Number(params.gray);
    seen.solarize += Number(params.solarizeThreshold === 0.5);
    equal(params.flipVertical, false);
    if (blur) {
      seen.blur++;
      ok(blur.sigma >= 0.1 && blur.sigma <= 2 && blur.kernelSize % 2 === 1);
    }
    if (jitter) {
      seen.jitter++;
      orders.add(jitter.order.join());
      ok(Math.abs(jitter.brightness - 1) <= 0.4 && Math.abs(jitter.contrast - 1) <= 0.4);
      ok(Math.abs(jitter.saturation - 1) <= 0.2 && Math.abs(jitter.hue) <= 0.1);
    }
  }
  equal(orders.size, 24, "all orders of the four jitter changes");
  const expected = { flip: 0.5, jitter: 0.8, gray: 0.2, blur: 0.1, solarize: 0.2 };
  for (const [change, p] of Object.entries(expected)) {
    const share = seen[change as keyof typeof seen] / n;
    ok(Math.abs(share - p) < 5 * Math.sqrt(p * (1 - p) / n), `${change}: ${share}`);
  }
});

Deno.test("drawViewParams() falls back to the middle of an image too long for any crop", () => {
  const { globals: [spec] } = viewSpecs(DEFAULT_TRANSFORM_ARGS);
  const { box } = drawViewParams(randomStream(0, "long"), { width: 1000, height: 30 }, spec);
  deepEqual(box, { x0: 480, y0: 0, x1: 520, y1: 30 });
});

Deno.test("drawViewParams() draws odd kernel sizes up to blur_limit", () => {
  const spec = viewSpecs(DEFAULT_TRANSFORM_ARGS).globals[0];
  const sizes = (blur_limit: number | [number, number]) => {
    const limited = { ...spec, gaussian_blur: { ...spec.gaussian_blur!, blur_limit } };
    const drawn = Array.from(
      { length: 100 },
      (_, i) => drawViewParams(randomStream(0, "limit", i), { width: 9, height: 9 }, limited),
    );
    return [...new Set(drawn.map((params) => params.blur!.kernelSize))].sort((a, b) => a - b);
  };
  deepEqual(sizes([3, 7]), [3, 5, 7]);
  deepEqual(sizes([4, 4]), [5]);
});

Deno.test("drawViewParams() leaves out what is null", () => {
  const spec = {
    ...viewSpecs(DEFAULT_TRANSFORM_ARGS).globals[0],
    random_resize: null,
    random_flip: null,
    color_jitter: null,
    random_gray_scale: null,
    gaussian_blur: null,
  };
  const params = drawViewParams(randomStream(0, "null"), { width: 8, height: 6 }, spec);
  deepEqual(params, {
    box: { x0: 0, y0: 0, x1: 8, y1: 6 },
    width: 224,
    height: 224,
    flipHorizontal: false,
    flipVertical: false,
    jitter: null,
    gray: false,
    blur: null,
    solarizeThreshold: null,
    normalize: spec.normalize,
  });
});
