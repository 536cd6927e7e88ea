import type { ImageHeader } from "../image_header.ts";
import type { Raster } from "../raster.ts";
import { decodeNative } from "./native.ts";
import { decodeRareTiff } from "./rare_tiff.ts";

/** Decodes the first page of a TIFF: natively, or where that refuses in JavaScript. */
export async function decodeTiff(bytes: Uint8Array, header: ImageHeader): Promise<Raster> {
  try {
    return await decodeNative(bytes);
  } catch {
    return await decodeRareTiff(bytes, header);
  }
}
