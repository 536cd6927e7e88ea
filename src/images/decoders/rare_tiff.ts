import { loadGeotiff } from "../../deps/geotiff.ts";
import type { ImageHeader } from "../image_header.ts";
import type { Raster } from "../raster.ts";
import { hasAllTiffValues } from "../tiff_tags.ts";

/** Tags as the decoder names them; each may be missing or damaged. */
interface Directory {
  PhotometricInterpretation?: number;
  BitsPerSample?: ArrayLike<number>;
  Compression?: number;
  ExtraSamples?: ArrayLike<number>;
  YCbCrSubSampling?: ArrayLike<number>;
  ColorMap?: ArrayLike<number>;
}

interface Page {
  fileDirectory: Directory;
  getSamplesPerPixel(): number;
  getSampleFormat(): number;
  getTileWidth(): number;
  getTileHeight(): number;
  readRasters(options: { interleave: true; samples: number[] }): Promise<ArrayLike<number>>;
}

/** What a page says of its samples. */
interface SampleKind {
  photometric: number;
  /** Samples of a pixel. */
  samples: number;
  /** Bits of a sample. */
  bits: number;
  /** 1: whole numbers, 3: floats. */
  format: number;
  /** Whether the sample after the color is alpha. */
  alpha: boolean;
  /** 16-bit reds, then greens, then blues. */
  palette: ArrayLike<number> | undefined;
}

const [WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR] = [0, 1, 2, 3, 6];

/** Samples of the color, for each photometric interpretation that is read here. */
const COLOR_SAMPLES = new Map([
  [WHITE_IS_ZERO, 1],
  [BLACK_IS_ZERO, 1],
  [RGB, 3],
  [PALETTE, 1],
  [YCBCR, 3],
]);

const [WHOLE, FLOAT] = [1, 3];
const JPEG_COMPRESSION = 7;

/**
 * Decodes kinds of TIFF that the native code refuses: palette, float, grey with alpha, YCbCr,
 * BigTIFF, 2, 4, 12 and 32 bits.
 *
 * Floats are 0 for black to 1 for white; of other numbers nobody knows what is white.
 */
export async function decodeRareTiff(
  bytes: Uint8Array,
  { width, height }: ImageHeader,
): Promise<Raster> {
  if (!hasAllTiffValues(bytes)) throw new Error("a table reaches past the end of the file");
  const { fromArrayBuffer } = await loadGeotiff();
  const file = await fromArrayBuffer(bytes.slice().buffer);
  const page = await file.getImage(0) as unknown as Page; // its own types know no interleaving
  const kind = sampleKind(page);
  checkTiles(page, bytes.length, width * height);
  const samples = [...Array(kind.samples).keys()];
  const values = await page.readRasters({ interleave: true, samples });
  if (values.length !== width * height * kind.samples) {
    throw new Error("the sizes in the file differ");
  }
  const channels = (kind.palette ? 3 : colorSamples(kind)) + Number(kind.alpha);
  const pixels = new Uint8Array(width * height * channels);
  const writePixel = pixelWriter(kind, values, pixels);
  const alphaAt = colorSamples(kind);
  const toByte = byteOf(kind);
  for (let from = 0, at = 0; at < pixels.length; from += kind.samples, at += channels) {
    writePixel(from, at);
    if (kind.alpha) pixels[at + channels - 1] = toByte(values[from + alphaAt]);
  }
  return { width, height, channels, pixels };
}

function sampleKind(page: Page): SampleKind {
  const { PhotometricInterpretation: photometric = -1, ...directory } = page.fileDirectory;
  const colors = COLOR_SAMPLES.get(photometric);
  if (colors === undefined) {
    throw new Error(`color must be grey, a palette, RGB or YCbCr, got kind ${photometric}`);
  }
  const { BitsPerSample, ExtraSamples, ColorMap } = directory;
  const samples = page.getSamplesPerPixel();
  if (samples < colors || samples > colors + 4) throw new Error(`${samples} samples a pixel`);
  const bits = BitsPerSample?.[0] ?? 0;
  // A sample without bits would throw with other strips still in work, whose errors nobody gets.
  for (let i = 0; i < samples; i++) {
    if (bits < 1 || BitsPerSample?.[i] !== bits) throw new Error("samples must be of equal bits");
  }
  const format = page.getSampleFormat();
  if (format !== WHOLE && format !== FLOAT) throw new Error("samples must not have a sign");
  if (photometric === YCBCR) checkSubsampling(directory);
  const palette = photometric === PALETTE ? ColorMap ?? [] : undefined;
  if (palette !== undefined && (bits > 16 || palette.length !== 3 << bits)) {
    throw new Error(`a palette of ${bits} bits must have ${3 << bits} values`);
  }
  const extra = ExtraSamples?.[0];
  const alpha = samples > colors && (extra === 1 || extra === 2);
  return { photometric, samples, bits, format, alpha, palette };
}

/** Chroma of fewer pixels lies in blocks, which only JPEG's decoder takes apart. */
function checkSubsampling({ Compression, YCbCrSubSampling: steps }: Directory): void {
  if (Compression === JPEG_COMPRESSION) return;
  if (steps?.[0] !== 1 || steps?.[1] !== 1) {
    throw new Error("YCbCr outside JPEG must have a chroma for each pixel");
  }
}

/** A damaged size of the tiles must not ask for memory or time that no image needs. */
function checkTiles(page: Page, fileBytes: number, pixels: number): void {
  const [width, height] = [page.getTileWidth(), page.getTileHeight()];
  const area = width * height;
  if (!(area <= Math.max(1 << 20, 4 * pixels)) || !(pixels / area <= fileBytes)) {
    throw new Error(`tiles of ${width} x ${height} pixels`);
  }
}

function colorSamples({ photometric }: SampleKind): number {
  return COLOR_SAMPLES.get(photometric)!;
}

/** How a sample becomes a byte: of whole numbers the upper bits, or fewer spread over all. */
function byteOf({ format, bits }: SampleKind): (value: number) => number {
  if (format === WHOLE) {
    return bits < 8 ? (value) => value * 255 / (2 ** bits - 1) : (value) => value >>> (bits - 8);
  }
  return (value) => {
    if (value >= 0 && value <= 1) return Math.round(255 * value);
    throw new Error(`floats must be 0 to 1, got ${value}`);
  };
}

/** Writes the color of the pixel whose samples start at `from` to the bytes from `at` on. */
function pixelWriter(
  kind: SampleKind,
  values: ArrayLike<number>,
  pixels: Uint8Array,
): (from: number, at: number) => void {
  const { palette, photometric } = kind;
  const toByte = byteOf(kind);
  if (palette) {
    const size = palette.length / 3;
    return (from, at) => {
      for (let c = 0; c < 3; c++) pixels[at + c] = palette[values[from] + c * size] >> 8;
    };
  }
  if (photometric === WHITE_IS_ZERO) {
    return (from, at) => pixels[at] = 255 - toByte(values[from]);
  }
  if (photometric === YCBCR) {
    return (from, at) => {
      const [luma, blue, red] = [0, 1, 2].map((c) => toByte(values[from + c]));
      writeYcbcr(pixels, at, luma, blue - 128, red - 128);
    };
  }
  const colors = colorSamples(kind);
  return (from, at) => {
    for (let c = 0; c < colors; c++) pixels[at + c] = toByte(values[from + c]);
  };
}

/** As JPEG has it: luma and chroma over the whole range of a byte. */
function writeYcbcr(pixels: Uint8Array, at: number, luma: number, blue: number, red: number): void {
  const rgb = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue];
  rgb.forEach((value, c) => pixels[at + c] = Math.min(255, Math.max(0, Math.round(value))));
}
