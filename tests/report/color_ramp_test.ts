import { deepEqual, ok } from "node:assert/strict";
import type { Color } from "../../src/report/canvas.ts";
import { heatMap, RAMP, rampColor, rampImage } from "../../src/report/color_ramp.ts";

/** OKLab's lightness of an sRGB color, 0 to 1. */
function lightness(color: Color): number {
  const [r, g, b] = color.map((value) => value / 255).map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  );
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

Deno.test("the ramp grows lighter in equal steps, without a jump of color", () => {
  const light = RAMP.map(lightness);
  const step = (light.at(-1)! - light[0]) / (RAMP.length - 1);
  light.forEach((value, i) => {
    // Rounding to 8 bits is coarse for the eye where it is dark.
    ok(Math.abs(value - (light[0] + i * step)) < 0.004, `${RAMP[i]} at ${i}`);
  });
  RAMP.slice(1).forEach((color, i) => {
    const jump = Math.max(...color.map((value, c) => Math.abs(value - RAMP[i][c])));
    ok(jump <= 4, `from ${RAMP[i]} to ${color}`);
  });
});

Deno.test("heatMap() gives each value its share of the ramp", () => {
  const map = heatMap([0, 1, 2, 4], [2, 2], 4);
  deepEqual([map.width, map.height, map.channels], [2, 2, 3]);
  deepEqual([...map.pixels], [0, 0.25, 0.5, 1].flatMap((share) => [...rampColor(share)]));
  deepEqual([...heatMap([0], [1, 1], 0).pixels], [...RAMP[0]]);
  deepEqual([rampColor(-1), rampColor(2)], [RAMP[0], RAMP.at(-1)]);
  deepEqual([...rampImage().pixels.subarray(-3)], [...RAMP.at(-1)!]);
});
