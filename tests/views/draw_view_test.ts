import { deepEqual, ok } from "node:assert/strict";
import { drawViewParams } from "../../src/views/draw_view.ts";
import {
  DEFAULT_TRANSFORM_ARGS,
  type TransformArgs,
  viewSpecs,
} from "../../src/views/view_spec.ts";
import { randomStream } from "../../src/random.ts";

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
    random_rotation: null,
    color_jitter: null,
    random_gray_scale: null,
    gaussian_blur: null,
  };
  const params = drawViewParams(randomStream(0, "null"), { width: 8, height: 6 }, spec);
  deepEqual(params, {
    keep: [0, 1, 2],
    box: { x0: 0, y0: 0, x1: 8, y1: 6 },
    width: 224,
    height: 224,
    flipHorizontal: false,
    flipVertical: false,
    rotation: null,
    jitter: null,
    gray: false,
    blur: null,
    solarizeThreshold: null,
    normalize: spec.normalize,
  });
});

Deno.test("drawViewParams() changes colors of whole RGB images alone", () => {
  const certain = {
    ...DEFAULT_TRANSFORM_ARGS,
    color_jitter: { ...DEFAULT_TRANSFORM_ARGS.color_jitter!, prob: 1 },
    random_gray_scale: 1,
    solarize: { prob: 1, threshold: 0.5 },
  };
  const changes = (args: Partial<TransformArgs>) => {
    const { globals: [spec] } = viewSpecs({ ...certain, ...args });
    const params = drawViewParams(randomStream(0, "colors"), { width: 9, height: 9 }, spec);
    return [params.jitter !== null, params.gray, params.solarizeThreshold !== null];
  };
  deepEqual(changes({}), [true, true, true]);
  const channel_drop = { num_channels_keep: 2, weight_drop: [1, 1, 1] };
  for (const args of [{ num_channels: 1 }, { num_channels: 2 }, { num_channels: 4 }]) {
    deepEqual(changes(args), [false, false, false]);
  }
  deepEqual(changes({ channel_drop }), [false, false, false]);
});

Deno.test("drawViewParams() never drops a channel of weight 0", () => {
  const channel_drop = { num_channels_keep: 2, weight_drop: [0, 1, 0, 5] };
  const { globals: [spec] } = viewSpecs({
    ...DEFAULT_TRANSFORM_ARGS,
    num_channels: 4,
    channel_drop,
  });
  for (let i = 0; i < 100; i++) {
    const stream = randomStream(0, "drop", i);
    deepEqual(drawViewParams(stream, { width: 9, height: 9 }, spec).keep, [0, 2]);
  }
});

Deno.test("drawViewParams() rotates by at most the given degrees", () => {
  const args = { ...DEFAULT_TRANSFORM_ARGS, random_rotation: { prob: 1, degrees: 20 } };
  const { globals, locals } = viewSpecs(args);
  for (const spec of [...globals, locals[0]]) {
    const angles = Array.from(
      { length: 200 },
      (_, i) => drawViewParams(randomStream(0, "turn", i), { width: 9, height: 9 }, spec).rotation!,
    );
    ok(Math.min(...angles) < -15 && Math.min(...angles) >= -20);
    ok(Math.max(...angles) > 15 && Math.max(...angles) <= 20);
  }
});
