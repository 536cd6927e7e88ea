import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { decodeImage, MAX_PIXELS } from "../../src/data/decode.ts";
import { isWholeJpeg } from "../../src/data/jpeg_structure.ts";
import {
  encodedAs,
  exif,
  gifFile,
  jpegFile,
  pngFile,
  pnmFile,
  tiffFile,
} from "../support/image_files.ts";

Deno.test("decodeImage() turns every kind of PNG into RGB", async (t) => {
  const palette: [string, number[]] = ["PLTE", [9, 8, 7, 200, 100, 50]];
  const size = { width: 2, height: 1 };
  const kinds = {
    "grey": { depth: 8, colorType: 0, lines: [0, 7, 250], rgb: [7, 7, 7, 250, 250, 250] },
    "one-bit grey": { depth: 1, colorType: 0, lines: [0, 64], rgb: [0, 0, 0, 255, 255, 255] },
    "RGB": { depth: 8, colorType: 2, lines: [0, 1, 2, 3, 4, 5, 6], rgb: [1, 2, 3, 4, 5, 6] },
    "16-bit RGB": {
      depth: 16,
      colorType: 2,
      lines: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0],
      rgb: [1, 2, 3, 4, 5, 6],
    },
    "palette": {
      depth: 8,
      colorType: 3,
      lines: [0, 1, 0],
      extra: [palette],
      rgb: [200, 100, 50, 9, 8, 7],
    },
    "grey with alpha": {
      depth: 8,
      colorType: 4,
      lines: [0, 7, 0, 9, 255],
      rgb: [7, 7, 7, 9, 9, 9],
    },
    "RGB with alpha": {
      depth: 8,
      colorType: 6,
      lines: [0, 1, 2, 3, 0, 4, 5, 6, 128],
      rgb: [1, 2, 3, 4, 5, 6],
    },
  };
  for (const [name, { rgb, ...kind }] of Object.entries(kinds)) {
    await t.step(name, async () => {
      const image = await decodeImage(pngFile({ ...size, ...kind } as never));
      deepEqual(image, { ...size, channels: 3, pixels: Uint8Array.from(rgb) });
    });
  }
});

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
  deepEqual([...(await decodeImage(whole)).pixels], [5, 5, 5]);
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

Deno.test("decodeImage() turns every kind of JPEG into RGB", async (t) => {
  const gray = GRAY.map(([value]) => [value, value, value]);
  for (const progressive of [false, true]) {
    const kind = { columns: 2, progressive };
    await t.step(progressive ? "progressive" : "baseline", async () => {
      deepEqual(await blocksOf(jpegFile({ ...kind, blocks: GRAY })), gray);
      deepEqual(await blocksOf(jpegFile({ ...kind, blocks: COLORS, adobe: 0 })), COLORS);
      const neutral = GRAY.map(([value]) => [value, 128, 128]); // YCbCr
      deepEqual(await blocksOf(jpegFile({ ...kind, blocks: neutral })), gray);
      const cmyk = [[255, 200, 100, 255], [255, 200, 100, 128]]; // how much is left of white
      deepEqual(
        await blocksOf(jpegFile({ ...kind, blocks: cmyk, adobe: 0 })),
        [[255, 200, 100], [128, 100, 50]],
      );
    });
    await t.step(progressive ? "progressive with a stray byte" : "a stray byte", async () => {
      const whole = jpegFile({ ...kind, blocks: COLORS, adobe: 0 });
      const at = 2 + 2 + 14; // after Adobe's segment
      const stray = Uint8Array.of(...whole.subarray(0, at), 0, ...whole.subarray(at));
      equal(isWholeJpeg(stray), false); // so this is the other decoder
      deepEqual(await blocksOf(stray), COLORS);
    });
  }
});

Deno.test("isWholeJpeg() follows the parts of a file to its end", () => {
  const file = jpegFile({ columns: 2, blocks: COLORS, progressive: true, exif: exif(1) });
  ok(isWholeJpeg(file));
  for (let length = 2; length < file.length; length++) {
    equal(isWholeJpeg(file.subarray(0, length)), false, `${length} bytes`);
  }
  const startOfScan = file.lastIndexOf(0xda); // its length says where the coded data begins
  for (const marker of [0x01, 0x77, 0xd8]) {
    const torn = file.slice();
    torn.set([0xff, marker], startOfScan + 13);
    equal(isWholeJpeg(torn), false, `marker ${marker}`);
  }
});

/** 2 x 2 pixels as a PNG, with alpha or without. */
function fourPixels(alpha: boolean): Uint8Array<ArrayBuffer> {
  const pixels = COLORS.map((color, i) => alpha ? [...color, 50 + i] : color);
  const lines = [0, ...pixels[0], ...pixels[1], 0, ...pixels[2], ...pixels[3]];
  return pngFile({ width: 2, height: 2, depth: 8, colorType: alpha ? 6 : 2, lines });
}

Deno.test("decodeImage() reads WebP, BMP and TIFF, and drops their alpha", async () => {
  for (const format of ["webpLossless", "bmp", "tiff"] as const) {
    for (const alpha of [false, true]) {
      const image = await decodeImage(await encodedAs(fourPixels(alpha), format));
      deepEqual(
        image,
        { width: 2, height: 2, channels: 3, pixels: Uint8Array.from(COLORS.flat()) },
        format,
      );
    }
  }
  const gray = await decodeImage(tiffFile({ width: 2, height: 1, samples: [5, 9] }));
  deepEqual(gray, { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(5, 5, 5, 9, 9, 9) });
});

Deno.test("decodeImage() reads a GIF's first frame where it lies on the canvas", async () => {
  const [ink, paper] = [[200, 100, 50], [10, 20, 30]];
  const first = [ink, ink, paper, paper, ink, ink].flat();
  deepEqual(await decodeImage(gifFile()), {
    width: 3,
    height: 2,
    channels: 3,
    pixels: Uint8Array.from(first),
  });

  const placed = await decodeImage(gifFile({ screen: [4, 3], at: [1, 0] }));
  const row = [paper, paper, paper, paper]; // the background's color too
  const expected = [paper, ink, ink, paper, paper, paper, ink, ink, ...row].flat();
  deepEqual(placed, { width: 4, height: 3, channels: 3, pixels: Uint8Array.from(expected) });

  const grown = await decodeImage(gifFile({ screen: [1, 1], at: [1, 0] }));
  deepEqual([grown.width, grown.height], [4, 2]);
});

Deno.test("decodeImage() reads PPM, PGM and PBM, in bytes and in text", async (t) => {
  const kinds: [name: string, file: Uint8Array, rgb: number[]][] = [
    ["PPM", pnmFile("P6 2 1 255\n", [1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]],
    ["PPM in text", pnmFile("P3\n# by hand\n2 1\n255\n1 2 3 4 5 6\n"), [1, 2, 3, 4, 5, 6]],
    ["PGM", pnmFile("P5\n2 1\n255\n", [9, 200]), [9, 9, 9, 200, 200, 200]],
    ["16-bit PGM", pnmFile("P5\n2 1\n65535\n", [9, 200, 200, 9]), [9, 9, 9, 200, 200, 200]],
    ["PBM", pnmFile("P4\n2 1\n", [64]), [255, 255, 255, 0, 0, 0]],
  ];
  for (const [name, file, rgb] of kinds) {
    await t.step(name, async () => {
      deepEqual(await decodeImage(file), {
        width: 2,
        height: 1,
        channels: 3,
        pixels: Uint8Array.from(rgb),
      });
    });
  }
});

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

Deno.test("decodeImage() says which kind of TIFF it cannot read", async () => {
  const file = tiffFile({ width: 2, height: 1, samples: [1, 2, 3, 4, 5, 6] });
  file[8 + 2 + 4 * 12 + 8] = 8; // CIELab
  await rejects(decodeImage(file), {
    message: "Cannot decode image: TIFF data must be complete and intact, got 140 bytes that do " +
      "not decode (Decode image failed The decoder for Tiff does not support the format " +
      "features Photometric interpretation CIELab with bits per sample [8, 8, 8] is unsupported); " +
      "replace the file",
  });
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
