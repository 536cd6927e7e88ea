/**
 * Draws learning curves side by side, from the files that the scripts here leave.
 *
 *     deno run -A bench/learning/chart.ts out=docs/learning.svg out/learning/a.json ...
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { LearningCurve } from "./learning_curve.ts";

const PANEL = { width: 250, height: 170, left: 40, top: 30, right: 20, bottom: 34 };
const STYLE = `text { font: 11px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.pixels { stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 4 3; }
.curve { fill: none; stroke: #0969da; stroke-width: 2; }
.point { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .grid { stroke: #3d444d; } .curve { stroke: #4493f8; }
  .point { fill: #4493f8; }
}`;

/** A panel for each curve: top-1 over steps, with a dashed line for raw pixels. */
function drawCurves(curves: readonly LearningCurve[]): string {
  const outer = PANEL.width + PANEL.left + PANEL.right;
  const height = PANEL.height + PANEL.top + PANEL.bottom;
  const panels = curves.map((curve, i) =>
    `<g transform="translate(${i * outer} 0)">
${drawPanel(curve)}
</g>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${outer * curves.length}" \
height="${height}" viewBox="0 0 ${outer * curves.length} ${height}">
<title>Accuracy of 20 nearest neighbours over steps; dashed: raw pixels</title>
<style>${STYLE}</style>
${panels.join("\n")}
</svg>
`;
}

function drawPanel({ name, pixels, points }: LearningCurve): string {
  const most = points.at(-1)!.steps;
  const [low, high] = rangeOf([pixels, ...points.map(({ top1 }) => top1)]);
  const x = (steps: number) => PANEL.left + steps / most * PANEL.width;
  const y = (share: number) => PANEL.top + (high - share) / (high - low) * PANEL.height;
  const right = PANEL.left + PANEL.width;
  const bottom = PANEL.top + PANEL.height;
  const line = (kind: string, share: number) =>
    `<line class="${kind}" x1="${PANEL.left}" x2="${right}" y1="${y(share)}" y2="${y(share)}"/>`;
  const text = (at: [number, number], words: string, anchor = "middle", kind = "label") =>
    `<text class="${kind}" x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${words}</text>`;
  const marks = Array.from({ length: Math.round((high - low) * 10) + 1 }, (_, i) => low + i / 10);
  const path = points.map(({ steps, top1 }) => `${x(steps).toFixed(1)},${y(top1).toFixed(1)}`);
  return [
    text([PANEL.left, 16], `${name}: 20-NN top-1, %`, "start", "title"),
    ...marks.map((share) => line("grid", share)),
    ...marks.map((share) => text([PANEL.left - 6, y(share) + 4], (100 * share).toFixed(0), "end")),
    line("pixels", pixels),
    text([right, y(pixels) - 4], "raw pixels", "end"),
    `<polyline class="curve" points="${path.join(" ")}"/>`,
    ...path.map((at) => at.split(",")).map(([cx, cy]) =>
      `<circle class="point" cx="${cx}" cy="${cy}" r="2.5"/>`
    ),
    ...[0, most / 2, most].map((steps) => text([x(steps), bottom + 16], String(steps))),
    text([(PANEL.left + right) / 2, bottom + 30], "steps"),
  ].join("\n");
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
