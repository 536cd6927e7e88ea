import { gifDecoder, jpegDecoder, pngDecoder } from "../deps/imagescript.ts";
import { loadTransformer } from "../deps/napi_rs_image.ts";
import { type ImageFormat, type ImageHeader, readImageHeader } from "./image_header.ts";
import { isWholeJpeg } from "./jpeg_structure.ts";
import { orient } from "./orient.ts";
import type { Raster } from "./raster.ts";

/** Most pixels of an image, about 178 million: where Pillow refuses too, 512 MiB of RGB. */
export const MAX_PIXELS = 178_956_970;

/** Below this, a header is believed: 12 MiB at most are lost to one that lies. */
const SMALL_PIXELS = 1 << 22;

/** The most pixels that a byte of each format can stand for; more is a bomb or a lying header. */
const PIXELS_PER_BYTE: Record<ImageFormat, number> = {
  JPEG: 1024, // a bit for a block of 64, at least half of them in one component
  PNG: 8 * 1032, // bits, deflated
  WebP: 65_536, // 26 thousand in the emptiest image that the usual encoder writes
  BMP: 128, // a run of 255 in two bytes
  GIF: 2731, // a string of 4096 in twelve bits
  TIFF: 8 * 4096, // a string of bits
  PNM: 8, // bits
};

interface JpegFrame {
  width: number;
  height: number;
  format: number; // 0: grey, 1: RGB, 2: CMYK
  buffer: Uint8Array;
}

/** The WebAssembly decoders of this thread; a failed one is dropped, its memory may be torn. */
let jpeg: { decode(bytes: Uint8Array): JpegFrame } | undefined;
let png:
  | { decode(bytes: Uint8Array): { width: number; height: number; framebuffer: Uint8Array } }
  | undefined;

/**
 * Decodes an image file to RGB: JPEG, PNG, WebP, BMP, GIF (its first frame), TIFF (its first page),
 * PPM, PGM or PBM, told apart by their content.
 *
 * Grey, palette and CMYK become RGB, of 16 bits the upper 8 are kept, alpha is dropped, and the
 * EXIF orientation is applied.
 *
 * @param bytes The whole file.
 * @throws {Error} If the bytes are none of these formats, broken, or more than
 * {@linkcode MAX_PIXELS}.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Raster> {
  const header = readImageHeader(bytes);
  checkSize(header, bytes);
  let image: Raster;
  try {
    image = await DECODERS[header.format](bytes, header);
  } catch (error) {
    throw brokenFile(header.format, bytes, error);
  }
  if (image.width !== header.width || image.height !== header.height) {
    throw brokenFile(header.format, bytes, new Error("the sizes in the file differ"));
  }
  return orient(image, header.orientation);
}

function checkSize({ format, width, height }: ImageHeader, bytes: Uint8Array): void {
  const pixels = width * height;
  if (pixels > MAX_PIXELS) {
    throw new Error(
      `Cannot decode image: it must have at most ${MAX_PIXELS} pixels, got ${width} x ${height}; ` +
        `make it smaller`,
    );
  }
  if (pixels > SMALL_PIXELS && pixels > bytes.length * PIXELS_PER_BYTE[format]) {
    throw new Error(
      `Cannot decode image: ${format} data of ${width} x ${height} pixels must have at least ` +
        `${Math.ceil(pixels / PIXELS_PER_BYTE[format])} bytes, got ${bytes.length}; ` +
        `replace the file`,
    );
  }
}

type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Raster>;

const DECODERS: Record<ImageFormat, Decoder> = {
  JPEG: decodeJpeg,
  PNG: decodePng,
  GIF: decodeGif,
  WebP: decodeNative,
  BMP: decodeNative,
  TIFF: decodeNative,
  PNM: decodeNative,
};

/** Native code is four times as fast; it takes what is missing for grey, so it gets whole files. */
async function decodeJpeg(bytes: Uint8Array): Promise<Raster> {
  if (isWholeJpeg(bytes)) {
    try {
      return await decodeNative(bytes);
    } catch {
      // Broken, or there is no native code for this platform: the other decoder has the last word.
    }
  }
  const decoder = jpeg ??= await jpegDecoder.init() as NonNullable<typeof jpeg>;
  let frame: JpegFrame;
  try {
    frame = decoder.decode(bytes);
  } catch (error) {
    jpeg = undefined;
    throw error;
  }
  const { width, height, format, buffer } = frame;
  const count = width * height;
  if (format === 1) return { width, height, channels: 3, pixels: buffer.subarray(0, count * 3) };
  if (format === 0) return { width, height, channels: 3, pixels: fromGray(buffer, count) };
  const pixels = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    const light = 255 - buffer[i * 4 + 3];
    for (let c = 0; c < 3; c++) {
      pixels[i * 3 + c] = Math.round((255 - buffer[i * 4 + c]) * light / 255);
    }
  }
  return { width, height, channels: 3, pixels };
}

async function decodePng(bytes: Uint8Array): Promise<Raster> {
  const decoder = png ??= await pngDecoder.init() as NonNullable<typeof png>;
  try {
    const { width, height, framebuffer } = decoder.decode(bytes);
    return { width, height, channels: 3, pixels: withoutAlpha(framebuffer, width * height) };
  } catch (error) {
    png = undefined;
    throw error;
  }
}

/** The first frame on its canvas, of the background's color where the frame does not reach. */
async function decodeGif(bytes: Uint8Array, { width, height }: ImageHeader): Promise<Raster> {
  const decoder = new (await gifDecoder.init()).Decoder(bytes);
  const frame = decoder.frame();
  if (frame === null) throw new Error("no frame");
  const drawn = withoutAlpha(frame.buffer, frame.width * frame.height);
  if (frame.width === width && frame.height === height) {
    return { width, height, channels: 3, pixels: drawn };
  }
  const pixels = new Uint8Array(width * height * 3);
  const hasTable = (bytes[10] & 0x80) !== 0;
  const background = bytes.subarray(13 + 3 * bytes[11], 16 + 3 * bytes[11]);
  if (hasTable) { for (let i = 0; i < pixels.length; i += 3) pixels.set(background, i); }
  const stride = frame.width * 3;
  for (let y = 0; y < frame.height; y++) {
    const row = drawn.subarray(y * stride, (y + 1) * stride);
    pixels.set(row, ((frame.y + y) * width + frame.x) * 3);
  }
  return { width, height, channels: 3, pixels };
}

/** Channels of an image and bytes of a channel, for each color type of the native decoder. */
const COLOR_TYPES = [[1, 1], [2, 1], [3, 1], [4, 1], [1, 2], [2, 2], [3, 2], [4, 2]];

async function decodeNative(bytes: Uint8Array): Promise<Raster> {
  const file = new (await loadTransformer())(bytes);
  const { width, height, colorType } = file.metadataSync();
  const samples = file.rawPixelsSync();
  if (colorType >= COLOR_TYPES.length) throw new Error("samples are not of 8 or 16 bits");
  const [channels, sampleBytes] = COLOR_TYPES[colorType];
  const count = width * height;
  const pixels = new Uint8Array(count * 3);
  const stride = channels * sampleBytes;
  const upper = sampleBytes - 1; // the more significant byte comes last
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      pixels[i * 3 + c] = samples[i * stride + (channels < 3 ? 0 : c * sampleBytes) + upper];
    }
  }
  return { width, height, channels: 3, pixels };
}

function fromGray(gray: Uint8Array, count: number): Uint8Array {
  const pixels = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) pixels.fill(gray[i], i * 3, i * 3 + 3);
  return pixels;
}

function withoutAlpha(rgba: Uint8Array, count: number): Uint8Array {
  const pixels = new Uint8Array(count * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = rgba[from];
    pixels[to + 1] = rgba[from + 1];
    pixels[to + 2] = rgba[from + 2];
  }
  return pixels;
}

function brokenFile(format: ImageFormat, bytes: Uint8Array, cause: unknown): Error {
  // TIFF has kinds without number, so what the decoder says is of use.
  const reason = format === "TIFF" && cause instanceof Error ? ` (${cause.message})` : "";
  return new Error(
    `Cannot decode image: ${format} data must be complete and intact, got ${bytes.length} bytes ` +
      `that do not decode${reason}; replace the file`,
    { cause },
  );
}
