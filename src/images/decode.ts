import { withChannels } from "./channels.ts";
import { decodeGif } from "./decoders/gif.ts";
import { decodeJpeg } from "./decoders/jpeg.ts";
import { decodeNative } from "./decoders/native.ts";
import { decodePng } from "./decoders/png.ts";
import { decodeTiff } from "./decoders/tiff.ts";
import { type ImageFormat, type ImageHeader, readImageHeader } from "./image_header.ts";
import { orient } from "./orient.ts";
import { consume, type Raster } from "./raster.ts";

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

/** How each format is decoded, to whatever channels suit it. */
const DECODERS: Record<
  ImageFormat,
  (bytes: Uint8Array, header: ImageHeader) => Promise<Raster>
> = {
  JPEG: decodeJpeg,
  PNG: decodePng,
  GIF: decodeGif,
  WebP: decodeNative,
  BMP: decodeNative,
  TIFF: decodeTiff,
  PNM: decodeNative,
};

/**
 * Decodes an image file: JPEG, PNG, WebP, BMP, GIF (its first frame), TIFF (its first page), PPM,
 * PGM or PBM, told apart by their content.
 *
 * Palette and CMYK become RGB, of 16 bits the upper 8 are kept, and the EXIF orientation is applied.
 * Grey is the luma of a color; alpha is 255 where the file has none, and dropped, not blended, where
 * it is not asked for.
 *
 * @param bytes The whole file.
 * @param channels 1: grey, 2: grey and alpha, 3: RGB, 4: RGBA.
 * @returns Pixels that own their buffer, which has nothing else in it.
 * @throws {Error} If the bytes are none of these formats, broken, or more than
 * {@linkcode MAX_PIXELS}.
 */
export async function decodeImage(bytes: Uint8Array, channels = 3): Promise<Raster> {
  if (![1, 2, 3, 4].includes(channels)) {
    throw new RangeError(
      `Cannot decode image: channels must be 1, 2, 3 or 4, got ${channels}; ask for 3, RGB`,
    );
  }
  const header = readImageHeader(bytes);
  checkSize(header, bytes);
  let image: Raster;
  try {
    image = await DECODERS[header.format](bytes, header);
    checkDecoded(image, header);
  } catch (error) {
    throw brokenFile(header.format, bytes, error);
  }
  const wanted = consume(image, (decoded) => withChannels(decoded, channels));
  return consume(wanted, (stored) => orient(stored, header.orientation));
}

function checkDecoded({ width, height, channels, pixels }: Raster, header: ImageHeader): void {
  if (width !== header.width || height !== header.height) {
    throw new Error("the sizes in the file differ");
  }
  if (pixels.length !== width * height * channels) throw new Error("pixels are missing");
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

function brokenFile(format: ImageFormat, bytes: Uint8Array, cause: unknown): Error {
  // TIFF has kinds without number, so what the decoder says is of use.
  const reason = format === "TIFF" && cause instanceof Error ? ` (${cause.message})` : "";
  return new Error(
    `Cannot decode image: ${format} data must be complete and intact, got ${bytes.length} bytes ` +
      `that do not decode${reason}; replace the file`,
    { cause },
  );
}
