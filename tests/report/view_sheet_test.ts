import { deepEqual, equal, ok } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import type { Raster } from "../../src/images/raster.ts";
import { type SheetRow, type SheetView, viewSheet } from "../../src/report/view_sheet.ts";

const HEADING = { title: "Title", notes: ["a note"], columns: ["image", "left", "right"] };

/** An image whose pixels are all different. */
function gradient(side: number, channels = 3): Raster {
  const pixels = Uint8Array.from(
    { length: side * side * channels },
    (_, i) => 20 + Math.floor(i / channels) * 3 % 200 + i % channels,
  );
  return { width: side, height: side, channels, pixels };
}

function rowOf(view: Partial<SheetView>, source = gradient(4)): SheetRow {
  const views = [{ pixels: gradient(8), label: "", ...view }, { pixels: gradient(4), label: "" }];
  return { name: "a.png", note: "4 × 4", source, views };
}

/** The color at a place of a sheet. */
function colorAt({ width, pixels, channels }: Raster, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * channels, (y * width + x) * channels + 3)];
}

/** Where a color is first seen, row by row. */
function find(sheet: Raster, color: number[]): [x: number, y: number] {
  for (let i = 0; i < sheet.width * sheet.height; i++) {
    const [x, y] = [i % sheet.width, Math.floor(i / sheet.width)];
    if (colorAt(sheet, x, y).join() === color.join()) return [x, y];
  }
  throw new Error(`no ${color} in the sheet`);
}

Deno.test("viewSheet() shows every pixel of a view as a square, and nothing else there", async () => {
  const row = rowOf({});
  const sheet = await decodeImage(viewSheet([row], HEADING));
  // 224 / 8 = 28: the first view is as wide as the image before it, 12 pixels further.
  const [imageLeft, viewLeft, nextLeft] = [32, 32 + 224 + 12, 32 + 2 * (224 + 12)];
  const [, top] = find(sheet, [...row.source.pixels.subarray(0, 3)]);
  for (
    const [left, image, factor] of [
      [imageLeft, row.source, 56],
      [viewLeft, row.views[0].pixels, 28],
      [nextLeft, row.views[1].pixels, 28],
    ] as const
  ) {
    for (let y = 0; y < image.height * factor; y++) {
      for (let x = 0; x < image.width * factor; x++) {
        const at = Math.floor(y / factor) * image.width + Math.floor(x / factor);
        const expected = [...image.pixels.subarray(at * 3, at * 3 + 3)];
        deepEqual(colorAt(sheet, left + x, top + y), expected, `${x}, ${y}`);
      }
    }
    deepEqual(colorAt(sheet, left - 1, top), [255, 255, 255]);
  }
  equal(sheet.width, nextLeft + 112 + 32);
});

Deno.test("viewSheet() changes masked patches and no others", async () => {
  const mask = { grid: [2, 2] as const, patches: Uint8Array.of(0, 1, 0, 0) };
  const plain = await decodeImage(viewSheet([rowOf({})], HEADING));
  const masked = await decodeImage(viewSheet([rowOf({ mask })], HEADING));
  deepEqual([masked.width, masked.height], [plain.width, plain.height]);
  const changed: [number, number][] = [];
  for (let y = 0; y < plain.height; y++) {
    for (let x = 0; x < plain.width; x++) {
      if (colorAt(plain, x, y).join() !== colorAt(masked, x, y).join()) changed.push([x, y]);
    }
  }
  equal(changed.length, 112 * 112);
  const [xs, ys] = [changed.map(([x]) => x), changed.map(([, y]) => y)];
  deepEqual([Math.min(...xs), Math.max(...xs)], [268 + 112, 268 + 223]);
  equal(Math.max(...ys) - Math.min(...ys), 111);
});

Deno.test("viewSheet() writes labels below the views, and grows with them", async () => {
  const plain = await decodeImage(viewSheet([rowOf({})], HEADING));
  const label = "crop 50 %, flip, jitter\nno mask\nthird";
  const labelled = await decodeImage(viewSheet([rowOf({ label })], HEADING));
  equal(labelled.height - plain.height, 16); // below the image there are two lines already
  const below = (sheet: Raster) => {
    const lines = Array.from({ length: 16 }, (_, i) => sheet.height - 32 - 16 + i);
    return lines.some((y) =>
      Array.from({ length: 224 }, (_, i) => colorAt(sheet, 268 + i, y)[0]).some((red) => red < 200)
    );
  };
  ok(below(labelled));
  ok(!below(plain));
});

Deno.test("viewSheet() puts rows below one another at equal distances", async () => {
  const heights = await Promise.all([1, 2, 3].map(async (rows) => {
    const sheet = viewSheet(Array.from({ length: rows }, () => rowOf({})), HEADING);
    return (await decodeImage(sheet)).height;
  }));
  equal(heights[2] - heights[1], heights[1] - heights[0]);
});

Deno.test("viewSheet() makes a large image smaller and shows one channel as grey", async () => {
  const flat = { width: 900, height: 300, channels: 3, pixels: new Uint8Array(810_000).fill(90) };
  const row = rowOf({ pixels: { ...gradient(8, 1), pixels: new Uint8Array(64).fill(77) } }, flat);
  const sheet = await decodeImage(viewSheet([row], HEADING));
  const [left, top] = find(sheet, [90, 90, 90]);
  equal(left, 32);
  const isFlat = (x: number, y: number) => colorAt(sheet, x, y)[0] === 90;
  ok(isFlat(32 + 223, top + 74) && !isFlat(32 + 224, top) && !isFlat(32, top + 75));
  deepEqual(colorAt(sheet, 268 + 100, top), [77, 77, 77]);
});

Deno.test("viewSheet() breaks a title that is wider than the sheet, and shortens a word that is", async () => {
  const [row, word] = [rowOf({}), "checkpoints/".repeat(3)];
  const heightOf = async (title: string) =>
    (await decodeImage(viewSheet([row], { ...HEADING, title }))).height;
  const short = await heightOf("Title");
  const line = await heightOf(`Patch tokens of ${word}, ${word}`) - short;
  ok(line > 0);
  equal(await heightOf(`${word.repeat(9)}`), short);
  const sheet = await decodeImage(viewSheet([row], { ...HEADING, title: word.repeat(9) }));
  for (let y = 0; y < sheet.height; y++) {
    deepEqual(colorAt(sheet, sheet.width - 32, y), [255, 255, 255]); // the margin
  }
});
