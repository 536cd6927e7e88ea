import { jpegDecoder } from "../../deps/imagescript.ts";
import { isWholeJpeg } from "../jpeg_structure.ts";
import type { Raster } from "../raster.ts";
import { decodeNative } from "./native.ts";
import { wasmInstance } from "./wasm_instance.ts";

interface JpegFrame {
  width: number;
  height: number;
  format: number; // 0: grey, 1: RGB, 2: CMYK
  buffer: Uint8Array;
}

const withDecoder = wasmInstance<{ decode(bytes: Uint8Array): JpegFrame }>(() =>
  jpegDecoder.init()
);

/**
 * Decodes a JPEG to grey or RGB.
 *
 * Native code is four times as fast; it takes what is missing for grey, so it gets whole files.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Raster> {
  if (isWholeJpeg(bytes)) {
    try {
      return await decodeNative(bytes);
    } catch {
      // Broken, or there is no native code for this platform: the other decoder has the last word.
    }
  }
  const { width, height, format, buffer } = await withDecoder((decoder) => decoder.decode(bytes));
  const count = width * height;
  if (format === 2) return { width, height, channels: 3, pixels: rgbOfCmyk(buffer, count) };
  const channels = format === 0 ? 1 : 3;
  return { width, height, channels, pixels: buffer.slice(0, count * channels) };
}

/** From inks that are stored as what they leave of white. */
function rgbOfCmyk(cmyk: Uint8Array, count: number): Uint8Array {
  const pixels = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    const light = 255 - cmyk[i * 4 + 3];
    for (let c = 0; c < 3; c++) {
      pixels[i * 3 + c] = Math.round((255 - cmyk[i * 4 + c]) * light / 255);
    }
  }
  return pixels;
}
