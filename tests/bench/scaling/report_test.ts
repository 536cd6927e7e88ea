import { deepEqual, equal, ok } from "node:assert/strict";
import { axisFinding, type ScalingFindings } from "../../../bench/scaling/findings.ts";
import { markdownReport, marksUpTo, scalingPicture } from "../../../bench/scaling/report.ts";
import { LIMITS, planOf } from "./scaling_support.ts";

/** Rows of 8192 FLOP, planned for 8.192 µs each; they took ten times as long, the last even more. */
const timed = [100, 200, 400].map((n) => ({
  n,
  plan: planOf(n),
  samples: [0.9, 1, 7].map((factor) => {
    const ms = factor * (1 + n * (n === 400 ? 0.15 : 0.08192));
    return { wallMs: ms, cpuMs: 2 * ms };
  }),
}));

const axis = { name: "rows", counts: "rows of a" };
const linear = axisFinding(axis, timed.slice(0, 2), {
  software: false,
  limits: LIMITS,
  absent: {},
});
const bent = axisFinding(axis, timed, {
  software: true,
  limits: LIMITS,
  absent: { 800: "no room" },
});

const FOUND: ScalingFindings = {
  date: "2026-01-02T03:04:05.678Z",
  commit: "abcdef1",
  versions: { denodino: "0.1.0", deno: "2" },
  adapter: "llvmpipe <15>",
  software: true,
  machine: { os: "Debian", processor: "EPYC", cores: 2, loadBefore: 0.1, loadAfter: 2 },
  limits: LIMITS,
  rounds: 3,
  axes: [bent],
};

Deno.test("axisFinding() fits medians: of the clock on a GPU, else of the processor", () => {
  equal(linear.points[0].costMs, linear.points[0].wallMs);
  equal(bent.points[0].costMs, bent.points[0].cpuMs);
  equal(linear.points[0].wallMs.toFixed(3), "9.192");
  equal(linear.measured.fixed.toFixed(3), "1.000");
  equal(linear.measured.slope.toFixed(5), "0.08192");
  equal(linear.planned.slope.toFixed(6), "0.008192");
  equal(linear.linear, true);
});

Deno.test("axisFinding() says how far from a line it is, and from the plan", () => {
  equal(bent.linear, false);
  ok(bent.farthest > 0.1, `${bent.farthest}`);
  ok(Math.abs(bent.points[0].plannedOffLine) < 1e-9);
  equal(bent.points[1].efficiencyChange < 0, true);
  equal(bent.points[2].efficiencyChange > 0.3, true);
});

Deno.test("markdownReport() has lines, points and who is not there", () => {
  const text = markdownReport(FOUND);
  ok(text.includes("2026-01-02 03:04 UTC, commit abcdef1"));
  ok(/\| rows +\|.*not linear +\|/.test(text), text);
  ok(text.includes("- rows, 800: no room"));
});

Deno.test("scalingPicture() has a point for each size, and escapes names", () => {
  const svg = scalingPicture(FOUND);
  equal([...svg.matchAll(/<circle/g)].length, 3);
  ok(svg.includes("llvmpipe &lt;15&gt;"));
});

Deno.test("marksUpTo() has up to six round numbers", () => {
  const at = (highest: number) => marksUpTo(highest).map(({ text }) => text);
  deepEqual(at(3300), ["0", "1000", "2000", "3000", "4000"]);
  deepEqual(at(0.9), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
  deepEqual(at(10), ["0", "2", "4", "6", "8", "10"]);
});
