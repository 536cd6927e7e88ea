import { deepEqual, equal, ok } from "node:assert/strict";
import { logScale, ratioPlot } from "../../../bench/peers/plot.ts";
import { entry, FOUND } from "./findings_support.ts";

Deno.test("logScale() puts factors at equal distances", () => {
  const { x, ticks } = logScale([0.1, 100], 0, 320);
  equal(x(10) - x(1), 100);
  equal(x(1) - x(0.1), 100);
  deepEqual(ticks, [0.1, 1, 10, 100]);
});

Deno.test("logScale() has ticks between powers of ten where there is room", () => {
  deepEqual(logScale([1, 8], 0, 600).ticks, [1, 2, 5, 10]);
});

Deno.test("ratioPlot() has a bar for each entry, from 1 to its ratio, and escapes names", () => {
  const entries = [entry("denodino", 1), entry("a <b>", 4), entry("fast", 0.25)];
  const svg = ratioPlot([{ ...FOUND.findings[0], entries }], "title & all");
  const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)]
    .map(([, x, width]) => [Number(x), Number(width)]);
  equal(bars.length, 3);
  const [[one], [slow, slowWidth], [fast, fastWidth]] = bars;
  equal(slow, one);
  equal(slowWidth, fastWidth, "four times and a quarter are equally far from 1");
  equal(Math.round(fast + fastWidth), Math.round(one));
  ok(svg.includes("a &lt;b&gt;") && svg.includes("title &amp; all"));
  ok(svg.includes("4.00 x, 10.7 GFLOP/s") && svg.includes("50.0 ms, 42.9 GFLOP/s"));
});
