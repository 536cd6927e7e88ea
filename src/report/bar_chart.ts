import { encodePng } from "../images/encode.ts";
import type { Raster } from "../images/raster.ts";
import { blankCanvas, type Color, mixArea } from "./canvas.ts";
import { drawText, shortenText, textWidth, wrapText } from "./draw_text.ts";
import { BOLD, type PixelFont, SMALL, TITLE } from "./pixel_font.ts";

/** A horizontal bar. */
export interface Bar {
  label: string;
  /** Its stretches one after another, each in a color of the legend. */
  parts: { length: number; color: Color }[];
  /** Cells to its right, one for each heading of its group. */
  cells: string[];
}

/** Bars under a heading, the longest of which fills the width. */
export interface BarGroup {
  heading: string;
  /** Above the cells. */
  columns: string[];
  bars: Bar[];
}

/** What is above the bars. */
export interface ChartHeading {
  title: string;
  /** A paragraph each. */
  notes: string[];
  legend: { color: Color; text: string }[];
}

const MARGIN = 32;
const LABEL = 300;
const BAR = 420;
const CELL = 92;
const GAP = 16;
const LINE = 16; // from one line of text to the next
const ROW = 22; // from one bar to the next
const BAR_HEIGHT = 14;
const SWATCH = 11;

const PAPER: Color = [255, 255, 255];
const TRACK: Color = [241, 243, 246];
const INK: Color = [24, 28, 36];
const SOFT: Color = [96, 103, 115];

/** Draws groups of horizontal bars, with numbers beside them, on one white sheet; a PNG file. */
export function barChart(
  groups: readonly BarGroup[],
  heading: ChartHeading,
): Uint8Array<ArrayBuffer> {
  const cells = Math.max(...groups.map(({ columns }) => columns.length));
  const width = 2 * MARGIN + LABEL + GAP + BAR + cells * CELL;
  const notes = heading.notes.flatMap((note) => wrapText(SMALL, note, width - 2 * MARGIN));
  const notesTop = MARGIN + TITLE.height + 6;
  const legendTop = notesTop + notes.length * LINE + 10;
  const groupsTop = legendTop + LINE + 18;
  const heightOf = ({ bars }: BarGroup) => LINE + 10 + bars.length * ROW + 24;
  const height = groups.reduce((sum, group) => sum + heightOf(group), groupsTop) + MARGIN - 24;

  const canvas = blankCanvas(width, height, PAPER);
  drawText(canvas, TITLE, heading.title, { left: MARGIN, top: MARGIN, color: INK });
  notes.forEach((note, i) =>
    drawText(canvas, SMALL, note, { left: MARGIN, top: notesTop + i * LINE, color: SOFT })
  );
  drawLegend(canvas, heading.legend, legendTop);
  let top = groupsTop;
  for (const group of groups) {
    drawGroup(canvas, group, top);
    top += heightOf(group);
  }
  return encodePng(canvas);
}

function drawLegend(canvas: Raster, legend: ChartHeading["legend"], top: number): void {
  let left = MARGIN;
  for (const { color, text } of legend) {
    mixArea(canvas, { left, top: top + 2, width: SWATCH, height: SWATCH }, color, 1);
    drawText(canvas, SMALL, text, { left: left + SWATCH + 6, top, color: SOFT });
    left += SWATCH + 6 + textWidth(SMALL, text) + 22;
  }
}

function drawGroup(canvas: Raster, { heading, columns, bars }: BarGroup, top: number): void {
  const barLeft = MARGIN + LABEL + GAP;
  const cellRight = (i: number) => barLeft + BAR + (i + 1) * CELL;
  drawText(canvas, BOLD, heading, { left: MARGIN, top, color: INK });
  columns.forEach((text, i) => drawRight(canvas, SMALL, text, cellRight(i), top, SOFT));
  const longest = Math.max(...bars.map(lengthOf), Number.MIN_VALUE);
  bars.forEach((bar, row) => {
    const line = top + LINE + 10 + row * ROW;
    const label = shortenText(SMALL, bar.label, LABEL);
    drawRight(canvas, SMALL, label, MARGIN + LABEL, line, INK);
    const area = { top: line + 1, height: BAR_HEIGHT };
    mixArea(canvas, { left: barLeft, width: BAR, ...area }, TRACK, 1);
    let length = 0;
    for (const part of bar.parts) {
      const from = Math.round(BAR * length / longest);
      length += part.length;
      const to = Math.round(BAR * length / longest);
      mixArea(canvas, { left: barLeft + from, width: to - from, ...area }, part.color, 1);
    }
    bar.cells.forEach((text, i) => drawRight(canvas, SMALL, text, cellRight(i), line, INK));
  });
}

function lengthOf({ parts }: Bar): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Draws text that ends at `right`. */
function drawRight(
  canvas: Raster,
  font: PixelFont,
  text: string,
  right: number,
  top: number,
  color: Color,
): void {
  drawText(canvas, font, text, { left: right - textWidth(font, text), top, color });
}
