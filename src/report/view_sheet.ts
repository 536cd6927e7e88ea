import { type Area, blankCanvas, type Color, drawImage, mixArea, mixPixel } from "./canvas.ts";
import { cropResize } from "../views/crop_resize.ts";
import { drawText, shortenText, textWidth, wrapText } from "./draw_text.ts";
import { encodePng } from "../images/encode.ts";
import { BOLD, type PixelFont, SMALL, TITLE } from "./pixel_font.ts";
import type { Raster } from "../images/raster.ts";

/** Which patches of a view are masked. */
export interface ViewMask {
  grid: readonly [rows: number, columns: number];
  patches: Uint8Array; // [rows · columns], 1 where masked
}

/** One view of an image. */
export interface SheetView {
  pixels: Raster;
  /** What was drawn for it; lines break at spaces, but not at no-break spaces. */
  label: string;
  mask?: ViewMask;
}

/** An image and its views, as many in every row and of the same sizes. */
export interface SheetRow {
  name: string;
  /** Below the name. */
  note: string;
  source: Raster;
  views: SheetView[];
}

/** The text above the rows. */
export interface SheetHeading {
  title: string;
  /** A paragraph each. */
  notes: string[];
  /** Above the image, and above each view. */
  columns: string[];
  /** What colors stand for, from least to most. */
  legend?: { ramp: Raster; least: string; most: string };
}

const MARGIN = 32;
const GAP = 12; // between columns
const ROW_GAP = 22;
const LINE = 16; // from one line of text to the next
const CAPTION_GAP = 5;
/** All views are enlarged by the factor that takes the largest up to this side... */
export const LARGE_SIDE = 224;
/** ...and one that is still smaller than half of this, up to this. */
const SMALL_SIDE = 96;
/** Room for two words below a narrow view. */
const LEAST_COLUMN = 96;

const PAPER: Color = [255, 255, 255];
const TILE: Color = [244, 245, 247];
const RULE: Color = [222, 225, 230];
const INK: Color = [24, 28, 36];
const SOFT: Color = [96, 103, 115];

/** Dims to a third: what is masked can still be made out. */
const MASK_SHADE: Color = [36, 48, 92];
const MASK_COVER = 0.64;
const MASK_LINE: Color = [255, 255, 255];
const MASK_LINE_COVER = 0.3;
const HATCH = 7; // pixels between two lines

/** A column of pictures: the image itself, or one of its views. */
interface Column {
  left: number;
  width: number;
  height: number; // of a picture
  factor: number; // by which views are enlarged
}

/** A picture and what is written below it. */
interface Cell {
  image: Raster;
  factor: number;
  mask?: ViewMask;
  lines: Line[];
}

interface Line {
  font: PixelFont;
  text: string;
  color: Color;
}

/**
 * Lays images and their views out in rows, with what was drawn for each, on one white sheet.
 *
 * The pixels of views are exact, small ones enlarged by a whole factor; masked patches are dimmed
 * and hatched.
 *
 * @param rows At least one.
 * @returns A PNG file.
 */
export function viewSheet(rows: SheetRow[], heading: SheetHeading): Uint8Array<ArrayBuffer> {
  const columns = columnsOf(rows[0]);
  const cells = rows.map((row) => cellsOf(row, columns));
  const { left, width } = columns.at(-1)!;
  const paperWidth = left + width - MARGIN;
  const notes = heading.notes.flatMap((note) => wrapText(SMALL, note, paperWidth));
  const titles = wrapText(TITLE, heading.title, paperWidth)
    .map((line) => shortenText(TITLE, line, paperWidth));
  const notesTop = MARGIN + titles.length * TITLE.height + CAPTION_GAP;
  const legendTop = notesTop + notes.length * LINE + CAPTION_GAP;
  const columnsTop = legendTop - CAPTION_GAP + (heading.legend ? LINE + GAP : 0) + ROW_GAP;
  let bottom = columnsTop + LINE + GAP;
  const tops = cells.map((row) => {
    const top = bottom;
    bottom += heightOf(row, columns) + ROW_GAP;
    return top;
  });

  const canvas = blankCanvas(left + width + MARGIN, bottom - ROW_GAP + MARGIN, PAPER);
  titles.forEach((title, i) => {
    drawText(canvas, TITLE, title, { left: MARGIN, top: MARGIN + i * TITLE.height, color: INK });
  });
  notes.forEach((note, i) => {
    drawText(canvas, SMALL, note, { left: MARGIN, top: notesTop + i * LINE, color: SOFT });
  });
  if (heading.legend) drawLegend(canvas, heading.legend, legendTop);
  columns.forEach(({ left, width }, c) => {
    const text = shortenText(BOLD, heading.columns[c], width);
    drawText(canvas, BOLD, text, { left, top: columnsTop, color: INK });
  });
  const rule = { left: MARGIN, top: columnsTop + LINE, width: paperWidth, height: 1 };
  mixArea(canvas, rule, RULE, 1);
  cells.forEach((row, r) => row.forEach((cell, c) => drawCell(canvas, cell, columns[c], tops[r])));
  return encodePng(canvas);
}

function drawLegend(
  canvas: Raster,
  { ramp, least, most }: NonNullable<SheetHeading["legend"]>,
  top: number,
): void {
  drawText(canvas, SMALL, least, { left: MARGIN, top, color: SOFT });
  const left = MARGIN + textWidth(SMALL, least) + GAP;
  for (let line = 0; line < LINE - 4; line++) drawImage(canvas, ramp, left, top + 2 + line);
  drawText(canvas, SMALL, most, { left: left + ramp.width + GAP, top, color: SOFT });
}

function columnsOf({ views }: SheetRow): Column[] {
  const side = ({ pixels }: SheetView) => Math.max(pixels.width, pixels.height);
  const common = Math.max(1, Math.floor(LARGE_SIDE / Math.max(...views.map(side))));
  const sizes = views.map((view) => {
    const factor = Math.max(common, Math.floor(SMALL_SIDE / side(view)));
    return { factor, width: view.pixels.width * factor, height: view.pixels.height * factor };
  });
  let left = MARGIN;
  return [sizes[0], ...sizes].map(({ factor, width, height }) => {
    const column = { left, width: Math.max(width, LEAST_COLUMN), height, factor };
    left += column.width + GAP;
    return column;
  });
}

function cellsOf({ name, note, source, views }: SheetRow, [first, ...others]: Column[]): Cell[] {
  const image: Cell = {
    ...fitted(source, first),
    lines: [
      { font: BOLD, text: shortenText(BOLD, name, first.width), color: INK },
      { font: SMALL, text: note, color: SOFT },
    ],
  };
  const cells = views.map(({ pixels, mask, label }, v): Cell => {
    const { width, factor } = others[v];
    const texts = wrapText(SMALL, label, width);
    const lines = texts.map((text) => ({ font: SMALL, text, color: SOFT }));
    return { image: pixels, factor, mask, lines };
  });
  return [image, ...cells];
}

/** The image in the size of a view: made smaller, or larger by a whole factor. */
function fitted(source: Raster, size: Column): { image: Raster; factor: number } {
  const image = shrinkToFit(source, size);
  const factor = Math.min(size.width / image.width, size.height / image.height);
  return { image, factor: Math.max(1, Math.floor(factor)) };
}

/** The whole image, no larger than a size. */
export function shrinkToFit(
  image: Raster,
  { width, height }: { width: number; height: number },
): Raster {
  const scale = Math.min(width / image.width, height / image.height);
  if (scale >= 1) return image;
  const size = {
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  };
  return cropResize(image, { x0: 0, y0: 0, x1: image.width, y1: image.height }, size);
}

function heightOf(cells: Cell[], columns: Column[]): number {
  return Math.max(
    ...cells.map(({ lines }, c) => columns[c].height + CAPTION_GAP + lines.length * LINE),
  );
}

function drawCell(canvas: Raster, cell: Cell, column: Column, top: number): void {
  const { image, mask, factor, lines } = cell;
  const { left, width, height } = column;
  const size = { width: image.width * factor, height: image.height * factor };
  const area: Area = {
    left: left + Math.floor((width - size.width) / 2),
    top: top + Math.floor((height - size.height) / 2),
    ...size,
  };
  mixArea(canvas, { left, top, width, height }, TILE, 1);
  drawImage(canvas, image, area.left, area.top, factor);
  if (mask) drawMask(canvas, mask, area);
  lines.forEach(({ font, text, color }, i) => {
    drawText(canvas, font, text, { left, top: top + height + CAPTION_GAP + i * LINE, color });
  });
}

/** Dims the masked patches, and hatches them so that dark and blue ones stand out too. */
function drawMask(canvas: Raster, { grid: [rows, columns], patches }: ViewMask, area: Area): void {
  const [height, width] = [area.height / rows, area.width / columns];
  patches.forEach((masked, i) => {
    if (masked === 0) return;
    const left = area.left + i % columns * width;
    const top = area.top + Math.floor(i / columns) * height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        mixPixel(canvas, left + x, top + y, MASK_SHADE, MASK_COVER);
        const isLine = x === 0 || y === 0 || (left + x + top + y) % HATCH === 0;
        if (isLine) mixPixel(canvas, left + x, top + y, MASK_LINE, MASK_LINE_COVER);
      }
    }
  });
}
