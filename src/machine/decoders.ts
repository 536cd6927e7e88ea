import { decodeNative } from "../images/decoders/native.ts";
import { decodePng } from "../images/decoders/png.ts";

/** A PNG of one pixel, RGB (1, 2, 3). */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNg" +
  "ZGIGAAAOAAfXb+R4AAAAAElFTkSuQmCC";

/** Which image decoders load and work here; a message for each that does not. */
export interface DecoderCheck {
  /** Of most formats, as native code. */
  native: string | null;
  /** Of PNG, GIF and broken JPEGs, as WebAssembly. */
  wasm: string | null;
}

/** Loads the decoders, and decodes an image of one pixel with each. */
export async function checkDecoders(): Promise<DecoderCheck> {
  return { native: await failureOf(decodeNative), wasm: await failureOf(decodePng) };
}

async function failureOf(
  decode: (bytes: Uint8Array) => Promise<{ pixels: Uint8Array }>,
): Promise<string | null> {
  try {
    const { pixels } = await decode(Uint8Array.from(atob(PIXEL), (c) => c.charCodeAt(0)));
    const right = [1, 2, 3].every((value, i) => pixels[i] === value);
    return right ? null : `it decodes one pixel as ${pixels.join(", ")} instead of 1, 2, 3`;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}
