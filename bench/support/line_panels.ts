import { type Html, html } from "../../src/report/html.ts";

/** A mark on an axis: where, and what it is called. */
export interface Mark {
  at: number;
  text: string;
}

/** A curve of measured points over a dashed line that it is to be compared with. */
export interface LinePanel {
  title: string;
  /** What the horizontal axis counts, from 0 on. */
  counts: string;
  across: Mark[];
  up: Mark[];
  curve: [x: number, y: number][];
  dashed: { from: [x: number, y: number]; to: [x: number, y: number]; text?: string };
  /** In the corner below the curve. */
  note?: string;
}

const PANEL = { width: 250, height: 170, left: 44, top: 30, right: 20, bottom: 34 };
const STYLE = `text { font: 11px system-ui, sans-serif; fill: #57606a; }
.title { font-weight: 600; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.dashed { stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 4 3; }
.curve { fill: none; stroke: #0969da; stroke-width: 2; }
.point { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .grid { stroke: #3d444d; } .curve { stroke: #4493f8; }
  .point { fill: #4493f8; }
}`;

/** Panels side by side, so many in a row, as an SVG file; axes reach from the first mark to the last. */
export function linePanels(panels: readonly LinePanel[], title: string, perRow: number): string {
  const outer = {
    width: PANEL.left + PANEL.width + PANEL.right,
    height: PANEL.top + PANEL.height + PANEL.bottom,
  };
  const width = outer.width * Math.min(perRow, panels.length);
  const height = outer.height * Math.ceil(panels.length / perRow);
  const placed = panels.map((panel, i) => {
    const [x, y] = [i % perRow * outer.width, Math.floor(i / perRow) * outer.height];
    return html`
      <g transform="translate(${x} ${y})">${drawPanel(panel)}</g>
    `;
  });
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}"
      viewBox="0 0 ${width} ${height}">
    <title>${title}</title>
    <style>${STYLE}</style>
    ${placed}</svg>
  `.text;
}

function drawPanel({ title, counts, across, up, curve, dashed, note }: LinePanel): Html {
  const scale = (marks: readonly Mark[], from: number, length: number) => {
    const [low, high] = [marks[0].at, marks.at(-1)!.at];
    return (value: number) => Number((from + (value - low) / (high - low) * length).toFixed(1));
  };
  const x = scale(across, PANEL.left, PANEL.width);
  const y = scale(up, PANEL.top + PANEL.height, -PANEL.height);
  const [right, bottom] = [PANEL.left + PANEL.width, PANEL.top + PANEL.height];
  const places = curve.map(([n, value]): [number, number] => [x(n), y(value)]);
  const path = places.join(" ");
  const end = { x: x(dashed.to[0]), y: y(dashed.to[1]) };
  return html`
    <text class="title" x="${PANEL.left}" y="16">${title}</text>
    ${up.map(({ at }) => lineOf("grid", PANEL.left, y(at), right, y(at)))}
    ${up.map(({ at, text }) => textAt(PANEL.left - 6, y(at) + 4, text, "end"))}
    ${lineOf("dashed", x(dashed.from[0]), y(dashed.from[1]), end.x, end.y)}
    ${textAt(end.x, end.y - 6, dashed.text ?? "", "end")}
    <polyline class="curve" points="${path}" />
    ${places.map(([cx, cy]) =>
      html`
        <circle class="point" cx="${cx}" cy="${cy}" r="2.5" />
      `
    )}
    ${across.map(({ at, text }) => textAt(x(at), bottom + 16, text))}
    ${textAt((PANEL.left + right) / 2, bottom + 30, counts)}
    ${textAt(right - 4, bottom - 8, note ?? "", "end")}
  `;
}

function lineOf(kind: string, x1: number, y1: number, x2: number, y2: number): Html {
  return html`
    <line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" />
  `;
}

function textAt(x: number, y: number, words: string, anchor = "middle"): Html {
  return html`<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}
