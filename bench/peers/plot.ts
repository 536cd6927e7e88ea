import { type Html, html } from "../../src/report/html.ts";
import type { Entry, Finding } from "./findings.ts";
import { threeDigits } from "../support/statistics.ts";

const WIDTH = 860;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 150;
const BAR = { height: 14, step: 19 };
const TITLE_HEIGHT = 30;
const MARGIN = 16;

/** Colors that stay apart for those who see few; ours is the first. */
const COLORS = ["#0072b2", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#d55e00", "#999999"];

/**
 * Bars of how long everybody took, relative to us and on one logarithmic scale: left of the line at
 * 1 is faster than we are.
 */
export function ratioPlot(findings: readonly Finding[], title: string): string {
  const shown = findings.filter(({ entries }) => entries.length > 0);
  const ratios = shown.flatMap(({ entries }) => entries.map(({ ratio }) => ratio));
  const scale = logScale([...ratios, 1], LABEL_WIDTH, WIDTH - VALUE_WIDTH);
  const names = [...new Set(shown.flatMap(({ entries }) => entries.map(({ name }) => name)))];
  let top = 2 * MARGIN + 14;
  const groups = shown.map((finding) => {
    const group = groupOf(finding, top, scale, names);
    top += TITLE_HEIGHT + BAR.step * finding.entries.length;
    return group;
  });
  const height = top + MARGIN + 22;
  const one = scale.x(1);
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"
      viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">
    <rect width="100%" height="100%" fill="#ffffff"/>
    <text x="${MARGIN}" y="${MARGIN + 10}" font-size="14" fill="#222222">${title}</text>
    ${scale.ticks.map((tick) => tickOf(tick, scale.x(tick), top))}
    <line x1="${one}" x2="${one}" y1="${2 * MARGIN + 14}" y2="${top}" stroke="#222222"/>
    ${groups}
    </svg>
  `.text;
}

interface LogScale {
  x(value: number): number;
  /** Powers of ten, and twice and five times them where there is room. */
  ticks: number[];
}

/** Places on a line for ratios; a tenth of a decade is left at both ends. */
export function logScale(values: readonly number[], left: number, right: number): LogScale {
  const low = Math.min(0, Math.log10(Math.min(...values))) - 0.1;
  const high = Math.max(0, Math.log10(Math.max(...values))) + 0.1;
  const perDecade = (right - left) / (high - low);
  const steps = perDecade > 150 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of steps) {
      const place = power + Math.log10(step);
      if (place >= low && place <= high) ticks.push(Number((step * 10 ** power).toPrecision(1)));
    }
  }
  return { x: (value) => round(left + (Math.log10(value) - low) * perDecade), ticks };
}

function tickOf(tick: number, x: number, bottom: number): Html {
  return html`
    <line x1="${x}" x2="${x}" y1="${2 * MARGIN + 14}" y2="${bottom}" stroke="#dddddd" />
    <text x="${x}" y="${bottom + 16}" text-anchor="middle" fill="#555555">${tick} x</text>
  `;
}

function groupOf(
  { work, entries }: Finding,
  top: number,
  scale: LogScale,
  names: readonly string[],
): Html {
  const bars = entries.map((entry, index) =>
    barOf(
      entry,
      top + TITLE_HEIGHT + index * BAR.step,
      scale,
      COLORS[names.indexOf(entry.name) % COLORS.length],
    )
  );
  return html`<text x="${MARGIN}" y="${top + 20}" font-weight="600" fill="#222222">${work}</text>
${bars}`;
}

function barOf(entry: Entry, top: number, scale: LogScale, color: string): Html {
  const [start, end] = [scale.x(1), scale.x(entry.ratio)];
  const [left, width] = [Math.min(start, end), Math.max(2, Math.abs(end - start))];
  const base = top + BAR.height - 3;
  return html`
    <text x="${LABEL_WIDTH - 12}" y="${base}" text-anchor="end" fill="#222222">${entry.name}</text>
    <rect x="${round(left)}" y="${top}" width="${round(width)}" height="${BAR
      .height}" fill="${color}" />
    <text x="${round(Math.max(start, end) + 6)}" y="${base}" fill="#222222">${valueOf(entry)}</text>
  `;
}

function valueOf({ ratio, medianMs, gflops, imagesPerSecond }: Entry): string {
  const rate = gflops !== null
    ? `, ${threeDigits(gflops)} GFLOP/s`
    : imagesPerSecond !== null
    ? `, ${threeDigits(imagesPerSecond)} images/s`
    : "";
  return ratio === 1 ? `${threeDigits(medianMs)} ms${rate}` : `${threeDigits(ratio)} x${rate}`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
