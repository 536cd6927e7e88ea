import { equal } from "node:assert/strict";
import { describeView, percent } from "../../src/views/describe_view.ts";
import type { ViewParams } from "../../src/views/draw_view.ts";

const PLAIN: ViewParams = {
  box: { x0: 0, y0: 0, x1: 50, y1: 20 },
  keep: [0, 1, 2],
  rotation: null,
  width: 8,
  height: 8,
  flipHorizontal: false,
  flipVertical: false,
  jitter: null,
  gray: false,
  blur: null,
  solarizeThreshold: null,
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
};

Deno.test("describeView() tells what was drawn, in lines that break between changes", () => {
  const image = { width: 100, height: 50 };
  equal(describeView(PLAIN, image), "crop\u00a020\u00a0%");
  const all: ViewParams = {
    ...PLAIN,
    keep: [0, 2],
    rotation: -11.7,
    flipHorizontal: true,
    flipVertical: true,
    jitter: { order: [], brightness: 1, contrast: 1, saturation: 1, hue: 0 },
    gray: true,
    blur: { sigma: 1.249, kernelSize: 7 },
    solarizeThreshold: 0.5,
  };
  equal(
    describeView(all, image).replaceAll("\u00a0", " "),
    "channels 0+2, crop 20 %, flip, upside down, rotation -12°, jitter, gray, blur σ 1.2, solarize",
  );
  equal(describeView({ ...PLAIN, rotation: -0.4 }, image), "crop\u00a020\u00a0%, rotation\u00a00°");
});

Deno.test("percent() does not round a small share to nothing", () => {
  const shares = [0, 1e-6, 0.004, 0.0949, 0.095, 0.5, 1];
  equal(shares.map(percent).join(), "0 %,< 0.1 %,0.4 %,9.5 %,10 %,50 %,100 %");
});
