import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { loadTransformer } from "../../src/deps/napi_rs_image.ts";

/** An EXIF structure that holds an orientation and nothing else. */
export function exif(orientation: number, little = true): number[] {
  const short = (value: number) => little ? [value & 255, value >> 8] : [value >> 8, value & 255];
  const long = (value: number) => little ? [...short(value), 0, 0] : [0, 0, ...short(value)];
  const entry = [...short(274), ...short(3), ...long(1), ...short(orientation), 0, 0];
  return [...(little ? [0x49, 0x49] : [0x4d, 0x4d]), ...short(42), ...long(8), ...short(1)]
    .concat(entry, long(0));
}

export interface PngOptions {
  width: number;
  height: number;
  depth: number;
  colorType: number;
  /** Raw scan lines, each with its filter byte. */
  lines: number[];
  extra?: [type: string, data: number[]][];
  /** Scan lines come in Adam7's seven passes. */
  interlaced?: boolean;
}

/** A PNG file. */
export function pngFile(
  { width, height, depth, colorType, lines, extra = [], interlaced = false }: PngOptions,
): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, Number(interlaced)], 8);
  return new Uint8Array(Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    ...extra.map(([type, data]) => chunk(type, Uint8Array.from(data))),
    chunk("IDAT", deflateSync(Uint8Array.from(lines))),
    chunk("IEND", new Uint8Array()),
  ]));
}

/** Column and row of the first pixel, and steps to the next, of each of Adam7's passes. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** The scan lines of an interlaced PNG. */
export function interlacedLines(
  width: number,
  height: number,
  pixelAt: (x: number, y: number) => number[],
): number[] {
  const lines: number[] = [];
  for (const [left, top, stepX, stepY] of PASSES) {
    if (left >= width) continue;
    for (let y = top; y < height; y += stepY) {
      lines.push(0);
      for (let x = left; x < width; x += stepX) lines.push(...pixelAt(x, y));
    }
  }
  return lines;
}

export interface JpegOptions {
  /** Blocks of 8 x 8 pixels in a row. */
  columns: number;
  /** The samples of each block, one for each component. */
  blocks: number[][];
  progressive?: boolean;
  /** Adobe's color transform: 0 for RGB or CMYK as they are; without it three are YCbCr. */
  adobe?: number;
  exif?: number[];
  /** Size in pixels that the header claims. */
  claimed?: [width: number, height: number];
}

/** A JPEG file of blocks of one color each, without loss. */
export function jpegFile(options: JpegOptions): Uint8Array<ArrayBuffer> {
  const { columns, blocks, progressive = false, adobe, exif } = options;
  const components = blocks[0].map((_, i) => i + 1);
  const [width, height] = options.claimed ?? [columns * 8, blocks.length / columns * 8];
  const segment = (marker: number, ...data: number[]) => {
    const length = data.length + 2;
    return [0xff, marker, length >> 8, length & 255, ...data];
  };
  const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
  const counts = (bits: number, count: number) =>
    Array.from({ length: 16 }, (_, i) => i === bits - 1 ? count : 0);
  return Uint8Array.from([
    0xff,
    0xd8,
    ...(exif ? segment(0xe1, ...text("Exif\0\0"), ...exif) : []),
    ...(adobe === undefined ? [] : segment(0xee, ...text("Adobe"), 0, 100, 0, 0, 0, 0, adobe)),
    ...segment(0xdb, 0, ...Array(64).fill(1)),
    ...segment(
      progressive ? 0xc2 : 0xc0,
      ...[8, height >> 8, height & 255, width >> 8, width & 255, components.length],
      ...components.flatMap((id) => [id, 0x11, 0]),
    ),
    ...segment(0xc4, 0x00, ...counts(4, 12), ...Array(12).keys()), // DC: category k is code k
    ...segment(0xc4, 0x10, ...counts(1, 1), 0), // AC: the end of the block
    ...segment(
      ...[0xda, components.length],
      ...components.flatMap((id) => [id, 0]),
      ...[0, progressive ? 0 : 63, 0],
    ),
    ...scan(blocks, progressive),
    0xff,
    0xd9,
  ]);
}

/** The coded blocks: for each sample, the difference of its mean from the block before. */
function scan(blocks: number[][], progressive: boolean): number[] {
  let bits = "";
  const before = blocks[0].map(() => 0);
  for (const block of blocks) {
    block.forEach((sample, c) => {
      const mean = (sample - 128) * 8;
      const difference = mean - before[c];
      before[c] = mean;
      const category = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
      const value = difference < 0 ? difference + 2 ** category - 1 : difference;
      bits += category.toString(2).padStart(4, "0");
      if (category > 0) bits += value.toString(2).padStart(category, "0");
      if (!progressive) bits += "0";
    });
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  const bytes = bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2));
  return bytes.flatMap((byte) => byte === 0xff ? [0xff, 0] : [byte]);
}

export interface GifOptions {
  /** Size of the canvas. */
  screen?: [width: number, height: number];
  /** Where the frame lies on it. */
  at?: [x: number, y: number];
  /** Index of the color that is transparent. */
  transparent?: number;
}

/** A GIF of 3 x 2 pixels, 1 1 0 / 0 1 1, whose two colors are (10, 20, 30) and (200, 100, 50). */
export function gifFile(
  { screen = [3, 2], at = [0, 0], transparent }: GifOptions = {},
): Uint8Array<ArrayBuffer> {
  const short = (value: number) => [value & 255, value >> 8];
  const codes = [4, 1, 1, 0, 0, 1, 1, 5]; // clear, the pixels, end
  const widths = [3, 3, 3, 3, 4, 4, 4, 4]; // bits of a code: LZW counts pairs of pixels as codes
  let bits = "";
  codes.forEach((code, i) => bits = code.toString(2).padStart(widths[i], "0") + bits);
  bits = bits.padStart(Math.ceil(bits.length / 8) * 8, "0");
  const data = bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)).reverse();
  return Uint8Array.from([
    ...[0x47, 0x49, 0x46, 0x38, 0x39, 0x61, ...screen.flatMap(short), 0x80, 0, 0],
    ...[10, 20, 30, 200, 100, 50],
    ...[0x21, 0xfe, 2, 0x68, 0x69, 0], // a comment
    ...(transparent === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, transparent, 0]),
    ...[0x2c, ...at.flatMap(short), 3, 0, 2, 0, 0],
    ...[2, data.length, ...data, 0, 0x3b],
  ]);
}

/** An uncompressed TIFF of 8-bit samples. */
export function tiffFile(
  { width, height, samples, orientation = 1, claimed = [width, height] }: {
    width: number;
    height: number;
    /** `[height, width, 1 or 3]` */
    samples: number[];
    orientation?: number;
    claimed?: [number, number];
  },
): Uint8Array<ArrayBuffer> {
  const channels = samples.length / (width * height);
  const tags = [
    [256, claimed[0]],
    [257, claimed[1]],
    [258, 8],
    [259, 1],
    [262, channels === 1 ? 1 : 2],
    [273, 8 + 2 + 10 * 12 + 4],
    [274, orientation],
    [277, channels],
    [278, claimed[1]],
    [279, samples.length],
  ];
  const file = new DataView(new ArrayBuffer(8 + 2 + tags.length * 12 + 4 + samples.length));
  file.setUint32(0, 0x49492a00);
  file.setUint32(4, 8, true);
  file.setUint16(8, tags.length, true);
  tags.forEach(([tag, value], i) => {
    file.setUint16(10 + i * 12, tag, true);
    file.setUint16(12 + i * 12, 4, true);
    file.setUint32(14 + i * 12, 1, true);
    file.setUint32(18 + i * 12, value, true);
  });
  const bytes = new Uint8Array(file.buffer);
  bytes.set(samples, bytes.length - samples.length);
  return bytes;
}

/** A PPM, PGM or PBM file: its header, then its samples. */
export function pnmFile(header: string, samples: number[] = []): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([Buffer.from(header), Uint8Array.from(samples)]));
}

/** The same image, from a PNG file, in a format that has a native encoder here. */
export async function encodedAs(
  png: Uint8Array,
  format: "webp" | "webpLossless" | "bmp" | "tiff",
): Promise<Uint8Array<ArrayBuffer>> {
  const image = new (await loadTransformer())(png);
  return new Uint8Array(await image[format]());
}

/** A BMP of 8 bits with two colors, black and (200, 100, 50), as they are or in runs. */
export function paletteBmpFile(
  { width, height, data, runs = false }: {
    width: number;
    height: number;
    /** Rows from below, each of a multiple of four bytes; or pairs of a length and a color. */
    data: number[];
    runs?: boolean;
  },
): Uint8Array<ArrayBuffer> {
  const start = 14 + 40 + 8;
  const file = new DataView(new ArrayBuffer(start + data.length));
  file.setUint16(0, 0x424d);
  file.setUint32(2, file.byteLength, true);
  [start, 40, width, height].forEach((value, i) => file.setUint32(10 + 4 * i, value, true));
  file.setUint16(26, 1, true);
  file.setUint16(28, 8, true);
  file.setUint32(30, Number(runs), true);
  file.setUint32(34, data.length, true);
  file.setUint32(46, 2, true); // colors
  const bytes = new Uint8Array(file.buffer);
  bytes.set([0, 0, 0, 0, 50, 100, 200, 0], 54); // blue, green, red
  bytes.set(data, start);
  return bytes;
}
