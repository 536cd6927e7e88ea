import { deepEqual, equal } from "node:assert/strict";
import { consume, type Raster } from "../../src/images/raster.ts";

function imageIn(buffer: ArrayBuffer | SharedArrayBuffer): Raster {
  return { width: 2, height: 1, channels: 1, pixels: new Uint8Array(buffer) };
}

Deno.test("consume() frees an image that was changed into another, and no other memory", () => {
  const copy = (image: Raster) => ({ ...image, pixels: image.pixels.slice() });
  const image = imageIn(Uint8Array.of(7, 8).buffer);
  const result = consume(image, copy);
  deepEqual([[...result.pixels], image.pixels.buffer.byteLength], [[7, 8], 0]);
  equal(consume(result, (same) => same), result);
  deepEqual([...result.pixels], [7, 8]);
  const shared = imageIn(new SharedArrayBuffer(2));
  consume(shared, copy);
  equal(shared.pixels.length, 2);
});
