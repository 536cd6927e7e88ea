import { jpegDecoder, pngDecoder } from "../deps/imagescript.ts";

/** An image in memory: 8-bit red, green, blue, row after row. */
export interface RgbImage {
  width: number;
  height: number;
  data: Uint8Array; // [height, width, 3]
}

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
 * Decodes a JPEG or PNG file to RGB.
 *
 * Grey and palette images become RGB, alpha is dropped.
 *
 * @param bytes The whole file.
 * @throws {Error} If the bytes are neither format, or broken.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return await decodeJpeg(bytes);
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) {
    return await decodePng(bytes);
  }
  const head = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
  throw new Error(
    `Cannot decode image: file must be a JPEG or a PNG, got ${bytes.length} bytes that start ` +
      `with [${head.join(" ")}]; convert the file`,
  );
}

async function decodeJpeg(bytes: Uint8Array): Promise<RgbImage> {
  const decoder = jpeg ??= await jpegDecoder.init() as NonNullable<typeof jpeg>;
  let frame: JpegFrame;
  try {
    frame = decoder.decode(bytes);
  } catch (error) {
    jpeg = undefined;
    throw brokenFile("JPEG", bytes, error);
  }
  const { width, height, format, buffer } = frame;
  const pixels = width * height;
  if (format === 1) return { width, height, data: buffer.subarray(0, pixels * 3) };
  const data = new Uint8Array(pixels * 3);
  if (format === 0) {
    for (let i = 0; i < pixels; i++) data.fill(buffer[i], i * 3, i * 3 + 3);
  } else {
    for (let i = 0; i < pixels; i++) {
      const light = 255 - buffer[i * 4 + 3];
      for (let c = 0; c < 3; c++) {
        data[i * 3 + c] = Math.round((255 - buffer[i * 4 + c]) * light / 255);
      }
    }
  }
  return { width, height, data };
}

async function decodePng(bytes: Uint8Array): Promise<RgbImage> {
  const decoder = png ??= await pngDecoder.init() as NonNullable<typeof png>;
  try {
    const { width, height, framebuffer } = decoder.decode(bytes);
    const data = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
      data[to] = framebuffer[from];
      data[to + 1] = framebuffer[from + 1];
      data[to + 2] = framebuffer[from + 2];
    }
    return { width, height, data };
  } catch (error) {
    png = undefined;
    throw brokenFile("PNG", bytes, error);
  }
}

function brokenFile(kind: string, bytes: Uint8Array, cause: unknown): Error {
  return new Error(
    `Cannot decode image: ${kind} data must be complete and intact, got ${bytes.length} bytes ` +
      `that do not decode; replace the file`,
    { cause },
  );
}
