import { deepEqual, equal, ok } from "node:assert/strict";
import { ImageCache, sharedImage } from "../../src/data/image_cache.ts";
import type { Raster } from "../../src/images/raster.ts";

/** A grey image of some pixels in a row. */
function row(width: number): Raster {
  return { width, height: 1, channels: 1, pixels: new Uint8Array(width).map((_, i) => i + 1) };
}

Deno.test("sharedImage() copies an image to whole words of shared memory", () => {
  for (const width of [1, 4, 5]) {
    const image = row(width);
    const shared = sharedImage(image, 8)!;
    deepEqual(shared, image);
    ok(shared.pixels.buffer instanceof SharedArrayBuffer);
    equal(shared.pixels.buffer.byteLength, width < 5 ? 4 : 8);
  }
});

Deno.test("sharedImage() leaves an image alone that would take more than it may", () => {
  equal(sharedImage(row(5), 7), undefined);
  equal(sharedImage(row(1), 0), undefined);
});

Deno.test("ImageCache counts words and keeps what fits, also after what did not", () => {
  const cache = new ImageCache(12);
  const keep = (index: number, width: number) => cache.keep(index, sharedImage(row(width), 100)!);
  keep(3, 5);
  equal(cache.freeBytes, 4);
  keep(4, 5);
  equal(cache.get(4), undefined);
  equal(cache.freeBytes, 4);
  keep(5, 3);
  equal(cache.freeBytes, 0);
  deepEqual([cache.get(3), cache.get(5)], [row(5), row(3)]);
});

Deno.test("ImageCache counts an image once that comes twice", () => {
  const cache = new ImageCache(100);
  const first = sharedImage(row(5), 100)!;
  cache.keep(0, first);
  cache.keep(0, sharedImage(row(5), 100)!);
  equal(cache.get(0), first);
  equal(cache.freeBytes, 92);
});
