/**
 * Draws learning curves side by side, from the files that the scripts here leave.
 *
 *     deno run -A bench/learning/chart.ts out=docs/learning.svg out/learning/a.json ...
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type LinePanel, linePanels } from "../support/line_panels.ts";
import type { LearningCurve } from "./learning_curve.ts";

/** A panel for each curve: top-1 over steps, with a dashed line for raw pixels. */
function drawCurves(curves: readonly LearningCurve[]): string {
  const title = "Accuracy of 20 nearest neighbours over steps; dashed: raw pixels";
  return linePanels(curves.map(panelOf), title, curves.length);
}

function panelOf({ name, pixels, points }: LearningCurve): LinePanel {
  const most = points.at(-1)!.steps;
  const [low, high] = rangeOf([pixels, ...points.map(({ top1 }) => top1)]);
  const shares = Array.from({ length: Math.round((high - low) * 10) + 1 }, (_, i) => low + i / 10);
  return {
    title: `${name}: 20-NN top-1, %`,
    counts: "steps",
    across: [0, most / 2, most].map((steps) => ({ at: steps, text: String(steps) })),
    up: shares.map((share) => ({ at: share, text: (100 * share).toFixed(0) })),
    curve: points.map(({ steps, top1 }) => [steps, top1]),
    dashed: { from: [0, pixels], to: [most, pixels], text: "raw pixels" },
  };
}

/** Whole tenths around values. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  return [Math.floor(Math.min(...values) * 10) / 10, Math.ceil(Math.max(...values) * 10) / 10];
}

if (import.meta.main) {
  const out = Deno.args.find((argument) => argument.startsWith("out="))?.slice(4);
  const files = Deno.args.filter((argument) => !argument.startsWith("out="));
  if (out === undefined || files.length === 0) {
    throw new Error("Cannot draw learning curves: out=FILE.svg and files of curves must be given");
  }
  const curves = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as LearningCurve);
  writeFileSync(out, drawCurves(curves));
  console.log(out);
}
