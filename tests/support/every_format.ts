import { deflateSync } from "node:zlib";
import {
  encodedAs,
  gifFile,
  interlacedLines,
  jpegFile,
  paletteBmpFile,
  pngFile,
  type PngOptions,
  pnmFile,
} from "./image_files.ts";
import { floatBytes, type TiffFile, tiffOf } from "./tiff_files.ts";

const SIDE = 16;
const SIZE = { width: SIDE, height: SIDE };

/** A sample of a picture with little in it, so that the files are small. */
function sample(x: number, y: number, channel = 0): number {
  return (x * 12 + (y >> 2) * 40 * (channel + 1)) & 255;
}

/** All samples, row after row. */
function samples(channels: number): number[] {
  return Array.from({ length: SIDE * SIDE * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return sample(pixel % SIDE, Math.floor(pixel / SIDE), i % channels);
  });
}

/** Scan lines of a PNG from rows of bytes. */
function scanLines(bytes: number[]): number[] {
  const stride = bytes.length / SIDE;
  return Array.from({ length: SIDE }, (_, y) => [0, ...bytes.slice(y * stride, (y + 1) * stride)])
    .flat();
}

const RAMP = Array.from({ length: 256 }, (_, i) => i);

/** A small file of every kind that can be read, by its name. */
export async function everyFormat(): Promise<Map<string, Uint8Array>> {
  return new Map([...jpegFiles(), ...pngFiles(), ...await encodedFiles(), ...otherFiles()]);
}

function jpegFiles(): [string, Uint8Array][] {
  const blocks = [[9, 8, 7], [100, 110, 120], [255, 0, 255], [30, 20, 10]];
  const inks = blocks.map((block) => [...block, 200]);
  const kind = { columns: 2 };
  const rgb = jpegFile({ ...kind, blocks, adobe: 0 });
  return [
    ["JPEG RGB", rgb],
    ["JPEG YCbCr", jpegFile({ ...kind, blocks })],
    ["JPEG grey", jpegFile({ ...kind, blocks: blocks.map(([gray]) => [gray]) })],
    ["JPEG CMYK", jpegFile({ ...kind, blocks: inks, adobe: 0 })],
    ["JPEG progressive", jpegFile({ ...kind, blocks, progressive: true })],
    ["JPEG stray byte", Uint8Array.of(...rgb.subarray(0, 18), 0, ...rgb.subarray(18))],
  ];
}

function pngFiles(): [string, Uint8Array][] {
  const palette: [string, number[]] = ["PLTE", RAMP.flatMap((i) => [i, 255 - i, 7])];
  const kinds: Record<string, Omit<PngOptions, "width" | "height">> = {
    "1-bit": { depth: 1, colorType: 0, lines: scanLines(samples(1).slice(0, SIDE * 2)) },
    "RGB": { depth: 8, colorType: 2, lines: scanLines(samples(3)) },
    "RGBA": { depth: 8, colorType: 6, lines: scanLines(samples(4)) },
    "16-bit": { depth: 16, colorType: 2, lines: scanLines(samples(6)) },
    "16-bit grey alpha": { depth: 16, colorType: 4, lines: scanLines(samples(4)) },
    "palette": {
      ...{ depth: 8, colorType: 3, lines: scanLines(samples(1)) },
      extra: [palette, ["tRNS", [0, 128, 255]]],
    },
    "interlaced": {
      ...{ depth: 8, colorType: 2, interlaced: true },
      lines: interlacedLines(SIDE, SIDE, (x, y) => [0, 1, 2].map((c) => sample(x, y, c))),
    },
  };
  return Object.entries(kinds).map((
    [name, kind],
  ) => [`PNG ${name}`, pngFile({ ...SIZE, ...kind })]);
}

async function encodedFiles(): Promise<[string, Uint8Array][]> {
  const rgb = pngFile({ ...SIZE, depth: 8, colorType: 2, lines: scanLines(samples(3)) });
  const rgba = pngFile({ ...SIZE, depth: 8, colorType: 6, lines: scanLines(samples(4)) });
  return [
    ["WebP lossy", await encodedAs(rgb, "webp")],
    ["WebP lossy alpha", await encodedAs(rgba, "webp")],
    ["WebP lossless", await encodedAs(rgb, "webpLossless")],
    ["WebP lossless alpha", await encodedAs(rgba, "webpLossless")],
    ["BMP RGB", await encodedAs(rgb, "bmp")],
    ["BMP RGBA", await encodedAs(rgba, "bmp")],
    ["TIFF RGB", await encodedAs(rgb, "tiff")],
    ["TIFF RGBA", await encodedAs(rgba, "tiff")],
  ];
}

function otherFiles(): [string, Uint8Array][] {
  const gray = samples(1);
  const row = gray.slice(0, 4).map((_, i) => i % 2);
  return [
    ["BMP palette", paletteBmpFile({ ...SIZE, data: Array(SIDE * 4).fill(row).flat() })],
    [
      "BMP runs",
      paletteBmpFile({
        ...SIZE,
        data: [...Array(SIDE).fill([16, 1, 0, 0]), 0, 1].flat(),
        runs: true,
      }),
    ],
    ["GIF", gifFile()],
    ["GIF transparent, on a canvas", gifFile({ screen: [5, 4], at: [1, 1], transparent: 0 })],
    ...tiffFiles(),
    ["PPM", pnmFile(`P6\n${SIDE} ${SIDE}\n255\n`, samples(3))],
    ["PPM 16-bit", pnmFile(`P6\n${SIDE} ${SIDE}\n65535\n`, samples(6))],
    ["PGM", pnmFile(`P5\n${SIDE} ${SIDE}\n255\n`, gray)],
    ["PBM", pnmFile(`P4\n${SIDE} ${SIDE}\n`, gray.slice(0, SIDE * 2))],
    ["PPM text", pnmFile(`P3\n${SIDE} ${SIDE}\n255\n${samples(3).join(" ")}\n`)],
  ];
}

function tiffFiles(): [string, Uint8Array][] {
  const gray = samples(1);
  const ramp = [0, 1, 2].flatMap((c) => RAMP.map((i) => (c === 1 ? 255 - i : i) << 8));
  const jpeg = jpegFile({ columns: 2, blocks: [[9], [100], [255], [30]] });
  const kinds: Record<string, Omit<TiffFile, "width" | "height">> = {
    "deflated": {
      tags: { 258: [8], 259: [8], 262: [1] },
      data: deflateSync(Uint8Array.from(gray)),
    },
    "JPEG": { tags: { 258: [8], 259: [7], 262: [1] }, data: jpeg },
    "16-bit": { tags: { 258: [16], 262: [1] }, data: samples(2) },
    "CMYK": { tags: { 258: [8, 8, 8, 8], 262: [5] }, data: samples(4) },
    "grey alpha": { tags: { 258: [8, 8], 262: [1], 338: [2] }, data: samples(2) },
    "palette": { tags: { 258: [8], 262: [3], 320: ramp }, data: gray },
    "palette, strips, big-endian": {
      ...{ tags: { 258: [8], 262: [3], 320: ramp }, data: gray },
      ...{ strips: 8, little: false },
    },
    "float": {
      tags: { 258: [32], 262: [1], 339: [3] },
      data: floatBytes(...gray.map((value) => value / 255)),
    },
    "YCbCr": { tags: { 258: [8, 8, 8], 262: [6], 530: [1, 1] }, data: samples(3) },
    "BigTIFF": { tags: { 258: [8, 8, 8], 262: [2] }, data: samples(3), big: true },
  };
  return Object.entries(kinds).map((
    [name, kind],
  ) => [`TIFF ${name}`, tiffOf({ ...SIZE, ...kind })]);
}
