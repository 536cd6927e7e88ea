import type { Raster } from "../../src/images/raster.ts";
import { randomStream } from "../../src/random.ts";

/** An image of random bytes, the same for the same arguments. */
export function noiseImage(width: number, height: number, seed = 0, channels = 3): Raster {
  const stream = randomStream(seed, "noise");
  const pixels = Uint8Array.from({ length: width * height * channels }, () => stream.int(256));
  return { width, height, channels, pixels };
}
