import { deepEqual, equal, match } from "node:assert/strict";
import {
  comparePrecisions,
  type PrecisionCurves,
  stretchesOf,
  WINDOW,
} from "../../../bench/learning/compare_precisions.ts";
import { drawPrecisionCurves } from "../../../bench/learning/precision_chart.ts";

/** Two seeds over two stretches; a loss is the same in all steps of a stretch. */
function curvesOf(full: number[][], mixed: number[][]): PrecisionCurves {
  const steps = (values: number[]) => values.flatMap((value) => new Array(WINDOW).fill(value));
  const [skipped, scales] = [[0, 1], [65536, 32768]];
  return { seeds: [0, 1], full: full.map(steps), mixed: mixed.map(steps), skipped, scales };
}

Deno.test("stretchesOf() averages steps, and takes the seeds' spread", () => {
  const [first, second] = stretchesOf(curvesOf([[4, 2], [6, 3]], [[5, 1], [4, 2]]));
  deepEqual(first, {
    step: WINDOW / 2,
    low: 4,
    full: 5,
    high: 6,
    mixedBySeed: [5, 4],
    mixed: 4.5,
  });
  deepEqual([second.low, second.full, second.high, second.mixed], [2, 2.5, 3, 1.5]);
});

Deno.test("comparePrecisions() wants the mean within the spread in every stretch", () => {
  const inside = comparePrecisions(curvesOf([[4, 2], [6, 3]], [[5, 2], [4, 3]]));
  equal(inside.within, true);
  equal(
    inside.text,
    "16-mixed over 2 seeds lies within the spread of 32-true: in 2 of 2 stretches of 20 steps\n" +
      "the means are 0.3536 apart (RMS), the seeds of 32-true 1.5000\n" +
      "the last stretch: 16-mixed 2.5000, 32-true 2.5000 (2.0000 to 3.0000)\n" +
      "skipped steps: 0, 1; loss scale at the end: 65536, 32768",
  );
  const outside = comparePrecisions(curvesOf([[4, 2], [6, 3]], [[5, 1], [4, 2]]));
  equal(outside.within, false);
  match(outside.text, /lies NOT within the spread of 32-true: in 1 of 2 stretches/);
});

Deno.test("drawPrecisionCurves() draws a band, both means and each seed", () => {
  const svg = drawPrecisionCurves(curvesOf([[4, 2], [6, 3]], [[5, 1], [4, 2]]));
  equal(svg.match(/class="spread"/g)?.length, 2);
  equal(svg.match(/class="mixed"/g)?.length, 2);
  equal(svg.match(/class="seed"/g)?.length, 2);
  equal(/NaN|undefined/.test(svg), false);
});
