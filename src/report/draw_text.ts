import { Buffer } from "node:buffer";
import { inflateRawSync } from "node:zlib";
import { type Color, mixPixel } from "./canvas.ts";
import type { PixelFont } from "./pixel_font.ts";
import type { Raster } from "../images/raster.ts";

/** One character's pixels. */
interface Glyph {
  /** How far the next one is to the right. */
  advance: number;
  /** Where the pixels begin, to the right of the text's position. */
  left: number;
  width: number;
  cover: Uint8Array; // [height, width], 0 to 15
}

/** What stands for a character without a glyph. */
const UNKNOWN = "?";

const unpacked = new Map<PixelFont, Map<string, Glyph>>();

/**
 * Draws one line of text.
 *
 * @param left Where the first character begins.
 * @param top The line's upper edge; it is `font.height` rows high.
 */
export function drawText(
  canvas: Raster,
  font: PixelFont,
  text: string,
  { left, top, color }: { left: number; top: number; color: Color },
): void {
  let start = left;
  for (const { advance, left, width, cover } of glyphsOf(font, text)) {
    cover.forEach((level, i) => {
      const [x, y] = [start + left + i % width, top + Math.floor(i / width)];
      if (level > 0) mixPixel(canvas, x, y, color, level / 15);
    });
    start += advance;
  }
}

/** Pixels from the start of the text to its end. */
export function textWidth(font: PixelFont, text: string): number {
  return glyphsOf(font, text).reduce((sum, { advance }) => sum + advance, 0);
}

/** Breaks text at its spaces into lines no wider than `width`, but for a single word that is. */
export function wrapText(font: PixelFont, text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const [first, ...words] = paragraph.split(" ");
    const lines = [first];
    for (const word of words) {
      const longer = `${lines.at(-1)} ${word}`;
      if (textWidth(font, longer) > width) lines.push(word);
      else lines[lines.length - 1] = longer;
    }
    return lines;
  });
}

/** The text or, if it is wider than `width`, its two ends with an ellipsis between. */
export function shortenText(font: PixelFont, text: string, width: number): string {
  const characters = [...text];
  let shortened = text;
  for (let kept = characters.length - 1; textWidth(font, shortened) > width && kept >= 0; kept--) {
    const head = Math.floor(kept / 2);
    const tail = characters.slice(characters.length - (kept - head));
    shortened = [...characters.slice(0, head), "…", ...tail].join("");
  }
  return shortened;
}

function glyphsOf(font: PixelFont, text: string): Glyph[] {
  let glyphs = unpacked.get(font);
  if (!glyphs) unpacked.set(font, glyphs = unpack(font));
  return [...text.normalize("NFC")].map((character) =>
    glyphs.get(character === "\u00a0" ? " " : character) ?? glyphs.get(UNKNOWN)!
  );
}

function unpack({ characters, data, height }: PixelFont): Map<string, Glyph> {
  const bytes = inflateRawSync(Buffer.from(data, "base64"));
  const glyphs = new Map<string, Glyph>();
  let at = 0;
  for (const character of characters) {
    const [advance, shiftedLeft, width] = bytes.subarray(at, at += 3);
    const levels = width * height;
    const packed = bytes.subarray(at, at += Math.ceil(levels / 2));
    const cover = Uint8Array.from(
      { length: levels },
      (_, i) => i % 2 === 0 ? packed[i >> 1] >> 4 : packed[i >> 1] & 15,
    );
    glyphs.set(character, { advance, left: shiftedLeft - 16, width, cover });
  }
  return glyphs;
}
