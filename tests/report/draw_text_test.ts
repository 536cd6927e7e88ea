import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { blankCanvas } from "../../src/report/canvas.ts";
import { drawText, shortenText, textWidth, wrapText } from "../../src/report/draw_text.ts";
import { BOLD, type PixelFont, SMALL, TITLE } from "../../src/report/pixel_font.ts";

/** The pixels of a text, alone on white. */
function drawn(font: PixelFont, text: string): Uint8Array {
  const canvas = blankCanvas(60, font.height, [255, 255, 255]);
  drawText(canvas, font, text, { left: 4, top: 0, color: [0, 0, 0] });
  return canvas.pixels;
}

Deno.test("every character of a font is drawn, each in its own way", () => {
  for (const font of [SMALL, BOLD, TITLE]) {
    const pictures = new Map<string, string>();
    for (const character of font.characters) {
      const picture = drawn(font, character).join();
      ok(!pictures.has(picture), `${character} looks like ${pictures.get(picture)}`);
      pictures.set(picture, character);
      ok(textWidth(font, character) > 0);
    }
  }
});

Deno.test("drawText() leaves the rows above and below the line alone", () => {
  const canvas = blankCanvas(80, 40, [255, 255, 255]);
  drawText(canvas, TITLE, "Åg|j", { left: 5, top: 8, color: [200, 0, 0] });
  const isInked = Array.from(
    { length: 40 },
    (_, y) => canvas.pixels.subarray(y * 240, y * 240 + 240).some((value) => value !== 255),
  );
  ok(isInked.slice(0, 8).every((inked) => !inked));
  ok(isInked.slice(8 + TITLE.height).every((inked) => !inked));
  equal(canvas.pixels[isInked.indexOf(true) * 240], 255, "nothing left of the text");
});

Deno.test("a character without a glyph is a question mark, a decomposed one is composed", () => {
  deepEqual(drawn(SMALL, "人"), drawn(SMALL, "?"));
  deepEqual(drawn(SMALL, "u\u0308"), drawn(SMALL, "ü"));
  deepEqual(drawn(SMALL, "a\u00a0b"), drawn(SMALL, "a b"));
  notDeepEqual(drawn(SMALL, "ü"), drawn(SMALL, "u"));
});

Deno.test("wrapText() breaks at spaces, and where it is told to", () => {
  const width = textWidth(SMALL, "crop 12 %, flip,");
  deepEqual(wrapText(SMALL, "crop 12 %, flip, jitter", width), ["crop 12 %, flip,", "jitter"]);
  deepEqual(wrapText(SMALL, "a\nb c", width), ["a", "b c"]);
  deepEqual(wrapText(SMALL, "unbreakable\u00a0word", 10), ["unbreakable\u00a0word"]);
  deepEqual(wrapText(SMALL, "", width), [""]);
});

Deno.test("shortenText() keeps both ends of what is too wide", () => {
  equal(shortenText(BOLD, "a.jpg", 200), "a.jpg");
  const short = shortenText(BOLD, "dress/0123456789abcdef0123456789abcdef.jpg", 120);
  ok(/^dress.*….*f\.jpg$/.test(short), short);
  ok(textWidth(BOLD, short) <= 120);
});
