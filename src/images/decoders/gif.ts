import { gifDecoder } from "../../deps/imagescript.ts";
import type { ImageHeader } from "../image_header.ts";
import type { Raster } from "../raster.ts";
import { wasmInstance } from "./wasm_instance.ts";

/** The canvas of a file and its frames; both live in the decoder's memory until they are freed. */
interface GifModule {
  Decoder: new (bytes: Uint8Array) => { frame(): GifFrame | null; free(): void };
}

interface GifFrame {
  x: number;
  y: number;
  width: number;
  height: number;
  buffer: Uint8Array; // [height, width, 4]
}

const withDecoder = wasmInstance<GifModule>(() => gifDecoder.init());

/**
 * Decodes the first frame of a GIF to RGBA, on its canvas.
 *
 * Where the frame does not reach, the canvas has the background's color and is transparent.
 */
export async function decodeGif(
  bytes: Uint8Array,
  { width, height }: ImageHeader,
): Promise<Raster> {
  const frame = await withDecoder(({ Decoder }) => {
    const decoder = new Decoder(bytes);
    const first = decoder.frame();
    decoder.free();
    if (first === null) throw new Error("no frame");
    return first;
  });
  if (frame.width === width && frame.height === height) {
    return { width, height, channels: 4, pixels: frame.buffer.slice(0, width * height * 4) };
  }
  const pixels = new Uint8Array(width * height * 4);
  fillBackground(pixels, bytes);
  const stride = frame.width * 4;
  for (let y = 0; y < frame.height; y++) {
    const row = frame.buffer.subarray(y * stride, (y + 1) * stride);
    pixels.set(row, ((frame.y + y) * width + frame.x) * 4);
  }
  return { width, height, channels: 4, pixels };
}

function fillBackground(pixels: Uint8Array, bytes: Uint8Array): void {
  const hasTable = (bytes[10] & 0x80) !== 0;
  if (!hasTable) return;
  const color = bytes.subarray(13 + 3 * bytes[11], 16 + 3 * bytes[11]);
  for (let i = 0; i < pixels.length; i += 4) pixels.set(color, i);
}
