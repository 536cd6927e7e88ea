// Losses of two precisions over steps, and how far they are apart, as an SVG file.
import { type Html, html } from "../../src/report/html.ts";
import { type PrecisionCurves, type Stretch, stretchesOf, WINDOW } from "./compare_precisions.ts";

const PANEL = { width: 620, height: 190, left: 52, top: 34, right: 16, bottom: 40 };
const STYLE = `text { font: 11px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.spread { fill: #0969da; fill-opacity: 0.22; }
.full { fill: none; stroke: #0969da; stroke-width: 1.5; }
.mixed { fill: none; stroke: #cf222e; stroke-width: 1.5; }
.seed { fill: none; stroke: #cf222e; stroke-width: 1; stroke-opacity: 0.35; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .grid { stroke: #3d444d; } .full { stroke: #4493f8; }
  .spread { fill: #4493f8; } .mixed, .seed { stroke: #ff7b72; }
}`;

/** Draws both means with the spread of 32-true, and beneath the distance from its mean. */
export function drawPrecisionCurves(curves: PrecisionCurves): string {
  const stretches = stretchesOf(curves);
  const steps = curves.full[0].length;
  const width = PANEL.left + PANEL.width + PANEL.right;
  const height = PANEL.top + PANEL.height + PANEL.bottom;
  const seeds = `${curves.seeds.length} seeds, means of ${WINDOW} steps`;
  const titles = [
    `Training loss, ${seeds}: 32-true (blue, its seeds within the band), 16-mixed (red)`,
    "The same less the mean of 32-true; thin: each seed of 16-mixed",
  ];
  const apart = stretches.map((each) => lessMean(each));
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${2 * height}"
      viewBox="0 0 ${width} ${2 * height}">
      <title>${titles[0]}</title>
      <style>${STYLE}</style>
      <g>${drawPanel(titles[0], stretches, steps, false)}</g>
      <g transform="translate(0 ${height})">${drawPanel(titles[1], apart, steps, true)}</g>
    </svg>
  `.text;
}

function lessMean({ step, low, full, high, mixed, mixedBySeed }: Stretch): Stretch {
  return {
    step,
    low: low - full,
    full: 0,
    high: high - full,
    mixed: mixed - full,
    mixedBySeed: mixedBySeed.map((each) => each - full),
  };
}

function drawPanel(
  title: string,
  stretches: readonly Stretch[],
  steps: number,
  bySeed: boolean,
): Html {
  const values = stretches.flatMap((s) => [s.low, s.high, s.mixed, ...bySeed ? s.mixedBySeed : []]);
  const marks = marksBetween(Math.min(...values), Math.max(...values));
  const [low, high] = [marks[0], marks.at(-1)!];
  const x = (step: number) => (PANEL.left + step / steps * PANEL.width).toFixed(1);
  const y = (value: number) =>
    (PANEL.top + (high - value) / (high - low) * PANEL.height).toFixed(1);
  const points = (of: (stretch: Stretch) => number, list = stretches) =>
    list.map((stretch) => `${x(stretch.step)},${y(of(stretch))}`).join(" ");
  const band = `${points(({ low }) => low)} ${points(({ high }) => high, stretches.toReversed())}`;
  const right = PANEL.left + PANEL.width;
  const bottom = PANEL.top + PANEL.height;
  const seeds = bySeed ? stretches[0].mixedBySeed.map((_, i) => i) : [];
  return html`
    <text class="title" x="${PANEL.left}" y="18">${title}</text>
    ${marks.map((mark) =>
      html`
        <line class="grid" x1="${PANEL.left}" y1="${y(mark)}" x2="${right}" y2="${y(mark)}" />
        <text x="${PANEL.left - 6}" y="${Number(y(mark)) + 4}" text-anchor="end">${decimal(
          mark,
        )}</text>
      `
    )}
    <polygon class="spread" points="${band}" />
    <polyline class="full" points="${points(({ full }) => full)}" />
    ${seeds.map((i) =>
      html`
        <polyline class="seed" points="${points(({ mixedBySeed }) => mixedBySeed[i])}" />
      `
    )}
    <polyline class="mixed" points="${points(({ mixed }) => mixed)}" />
    ${[0, steps / 2, steps].map((step) =>
      html`<text x="${x(step)}" y="${bottom + 16}" text-anchor="middle">${step}</text>`
    )}
    <text x="${(PANEL.left + right) / 2}" y="${bottom + 30}" text-anchor="middle">steps</text>
  `;
}

/** Round values from below the lowest to above the highest. */
function marksBetween(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= rough)!;
  const first = Math.floor(low / unit);
  const last = Math.ceil(high / unit);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * unit);
}

function decimal(value: number): string {
  return String(Number(value.toPrecision(3)));
}
