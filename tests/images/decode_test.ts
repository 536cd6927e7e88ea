import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { decodeImage, MAX_PIXELS } from "../../src/images/decode.ts";
import {
  encodedAs,
  exif,
  gifFile,
  jpegFile,
  pngFile,
  pnmFile,
  tiffFile,
} from "../support/image_files.ts";

Deno.test("decodeImage() refuses broken files and goes on with the next", async () => {
  const whole = pngFile({ width: 1, height: 1, depth: 8, colorType: 0, lines: [0, 5] });
  await rejects(
    decodeImage(whole.subarray(0, 40)),
    new RegExp(
      "^Error: Cannot decode image: PNG data must be complete and intact, got 40 bytes that do " +
        "not decode; replace the file$",
    ),
  );
  await rejects(
    decodeImage(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1)),
    new RegExp(
      "^Error: Cannot decode image: JPEG header must be complete and say a size, got 5 bytes " +
        "without one; replace the file$",
    ),
  );
  await rejects(decodeImage(Uint8Array.of(1, 2, 3)), {
    message:
      "Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got " +
      "3 bytes that start with [01 02 03]; convert the file",
  });
  await rejects(decodeImage(new Uint8Array()), {
    message:
      "Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got " +
      "an empty one; replace the file",
  });
  deepEqual([...(await decodeImage(whole)).pixels], [5, 5, 5]);
});

Deno.test("decodeImage() refuses a number of channels that no image has", async () => {
  const file = pngFile({ width: 1, height: 1, depth: 8, colorType: 0, lines: [0, 5] });
  for (const channels of [0, 5, 1.5]) {
    await rejects(
      decodeImage(file, channels),
      new RangeError(
        `Cannot decode image: channels must be 1, 2, 3 or 4, got ${channels}; ask for 3, RGB`,
      ),
    );
  }
});

const GRAY = [[100], [7], [255], [0]];
const COLORS = [[100, 3, 200], [7, 8, 9], [255, 0, 128], [1, 2, 3]];

/** The pixel in the middle of each block of 8 x 8, block after block. */
async function blocksOf(file: Uint8Array): Promise<number[][]> {
  const { width, height, pixels } = await decodeImage(file);
  return Array.from({ length: (width / 8) * (height / 8) }, (_, block) => {
    const [row, column] = [Math.floor(block / (width / 8)), block % (width / 8)];
    const at = ((row * 8 + 4) * width + column * 8 + 4) * 3;
    return [...pixels.subarray(at, at + 3)];
  });
}

/** 2 x 2 pixels as a PNG, with alpha or without. */
function fourPixels(alpha: boolean): Uint8Array<ArrayBuffer> {
  const pixels = COLORS.map((color, i) => alpha ? [...color, 50 + i] : color);
  const lines = [0, ...pixels[0], ...pixels[1], 0, ...pixels[2], ...pixels[3]];
  return pngFile({ width: 2, height: 2, depth: 8, colorType: alpha ? 6 : 2, lines });
}

/** Where the four quarters of an image lie, in reading order, after each orientation. */
const TURNED = ["ABCD", "BADC", "DCBA", "CDAB", "ACBD", "CADB", "DBCA", "BDAC"];

Deno.test("decodeImage() applies the EXIF orientation", async () => {
  const letters = (pixels: number[][]) =>
    pixels.map((pixel) => "ABCD"[COLORS.findIndex((color) => color.join() === pixel.join())])
      .join("");
  const pixelsOf = async (file: Uint8Array) => {
    const { pixels } = await decodeImage(file);
    return [0, 3, 6, 9].map((at) => [...pixels.subarray(at, at + 3)]);
  };
  const size = { width: 2, height: 2 };
  const lines = [0, ...COLORS[0], ...COLORS[1], 0, ...COLORS[2], ...COLORS[3]];
  for (const [i, expected] of TURNED.entries()) {
    const tag = exif(i + 1, i % 2 === 0); // both byte orders
    const jpeg = jpegFile({ columns: 2, blocks: COLORS, adobe: 0, exif: tag });
    equal(letters(await blocksOf(jpeg)), expected, `JPEG ${i + 1}`);
    const png = pngFile({ ...size, depth: 8, colorType: 2, lines, extra: [["eXIf", tag]] });
    equal(letters(await pixelsOf(png)), expected, `PNG ${i + 1}`);
    const tiff = tiffFile({ ...size, samples: COLORS.flat(), orientation: i + 1 });
    equal(letters(await pixelsOf(tiff)), expected, `TIFF ${i + 1}`);
  }
  const turned = pngFile({ ...size, depth: 8, colorType: 2, lines, extra: [["eXIf", exif(6)]] });
  const first = [[91], [91, 255], [], [255, 0, 128, 255]]; // the third as it is stored
  for (const channels of [1, 2, 4]) {
    const { pixels } = await decodeImage(turned, channels);
    deepEqual([pixels.length, ...pixels.subarray(0, channels)], [
      4 * channels,
      ...first[channels - 1],
    ]);
  }
  const wide = jpegFile({ columns: 2, blocks: [[10], [20]], exif: exif(6) });
  const { width, height } = await decodeImage(wide);
  deepEqual([width, height], [8, 16]);
  for (const damaged of [[], [1, 2, 3], exif(9), exif(6).slice(0, 20)]) {
    const file = jpegFile({ columns: 2, blocks: COLORS, adobe: 0, exif: damaged });
    deepEqual(await blocksOf(file), COLORS, "damaged EXIF data is passed over");
  }
});

Deno.test("decodeImage() tells formats by content and refuses every file that is cut off", async () => {
  const files = {
    JPEG: jpegFile({ columns: 2, blocks: COLORS, adobe: 0 }),
    PNG: fourPixels(false),
    WebP: await encodedAs(fourPixels(true), "webpLossless"),
    BMP: await encodedAs(fourPixels(false), "bmp"),
    GIF: gifFile(),
    TIFF: tiffFile({ width: 2, height: 1, samples: [1, 2, 3, 4, 5, 6] }),
    PNM: pnmFile("P6 2 1 255\n", [1, 2, 3, 4, 5, 6]),
  };
  // Bytes at the end that no pixel needs: checksums, marks of the end, padding.
  const unneeded: Record<string, number> = { JPEG: 4, PNG: 13, WebP: 3, GIF: 4 };
  for (const [format, file] of Object.entries(files)) {
    const most = file.length - (unneeded[format] ?? 1);
    for (const length of [12, most >> 1, most]) {
      await rejects(decodeImage(file.subarray(0, length)), (error: Error) => {
        ok(error.message.startsWith(`Cannot decode image: ${format} `), error.message);
        return true;
      }, `${format} cut to ${length} of ${file.length} bytes`);
    }
    ok((await decodeImage(file)).pixels.length > 0, `${format} is read after broken ones`);
  }
});

Deno.test("decodeImage() refuses huge images before it decodes them", async () => {
  const side = 30_000;
  const png = { width: side, height: side, depth: 8, colorType: 0, lines: [0] };
  const bmp = await encodedAs(fourPixels(false), "bmp");
  new DataView(bmp.buffer).setInt32(18, side, true);
  new DataView(bmp.buffer).setInt32(22, -side, true);
  const files = [
    pngFile(png),
    jpegFile({ columns: 2, blocks: GRAY, claimed: [side, side] }),
    gifFile({ screen: [side, side] }),
    tiffFile({ width: 1, height: 1, samples: [1], claimed: [side, side] }),
    pnmFile(`P5 ${side} ${side} 255\n`),
    bmp,
  ];
  for (const file of files) {
    await rejects(decodeImage(file), {
      message: `Cannot decode image: it must have at most ${MAX_PIXELS} pixels, got 30000 x ` +
        "30000; make it smaller",
    });
  }
});

Deno.test("decodeImage() refuses headers that a file is too short for", async () => {
  const files: [format: string, least: number, file: Uint8Array][] = [
    ["PNG", 12113, pngFile({ width: 1e4, height: 1e4, depth: 8, colorType: 0, lines: [0] })],
    ["JPEG", 97657, jpegFile({ columns: 2, blocks: GRAY, claimed: [1e4, 1e4] })],
    ["GIF", 36617, gifFile({ screen: [1e4, 1e4] })],
    ["TIFF", 3052, tiffFile({ width: 1, height: 1, samples: [1], claimed: [1e4, 1e4] })],
    ["PNM", 12500000, pnmFile("P5 10000 10000 255\n")],
  ];
  for (const [format, least, file] of files) {
    await rejects(decodeImage(file), {
      message: `Cannot decode image: ${format} data of 10000 x 10000 pixels must have at least ` +
        `${least} bytes, got ${file.length}; replace the file`,
    });
  }
});
