import { pngDecoder } from "../../deps/imagescript.ts";
import type { Raster } from "../raster.ts";
import { wasmInstance } from "./wasm_instance.ts";

interface PngFrame {
  width: number;
  height: number;
  framebuffer: Uint8Array;
}

const withDecoder = wasmInstance<{ decode(bytes: Uint8Array): PngFrame }>(() => pngDecoder.init());

/** Decodes a PNG of any kind to RGBA. */
export async function decodePng(bytes: Uint8Array): Promise<Raster> {
  const frame = await withDecoder((decoder) => decoder.decode(bytes));
  const { width, height, framebuffer: pixels } = frame;
  const color = transparentColor(bytes);
  if (color) restoreColor(pixels, color);
  return { width, height, channels: 4, pixels };
}

/** Color types, and the names of chunks. */
const [GRAY, RGB] = [0, 2];
const [TRNS, IDAT] = [0x74524e53, 0x49444154];

/** The one color of a grey or RGB file that is transparent; undefined if none is. */
function transparentColor(bytes: Uint8Array): number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [depth, colorType] = [view.getUint8(24), view.getUint8(25)];
  if (colorType !== GRAY && colorType !== RGB) return undefined;
  for (let at = 8; at + 18 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === IDAT) return undefined;
    if (type !== TRNS) continue;
    const samples = [0, 1, 2].map((c) => view.getUint16(at + 8 + (colorType === RGB ? 2 * c : 0)));
    return samples.map((sample) => depth > 8 ? sample >> 8 : sample * 255 / (2 ** depth - 1));
  }
  return undefined;
}

/** Gives the transparent pixels their color, for the decoder makes them black. */
function restoreColor(pixels: Uint8Array, color: number[]): void {
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 0) pixels.set(color, i);
}
