import { deepEqual, equal } from "node:assert/strict";
import { withChannels } from "../../src/images/channels.ts";

/** Two pixels of every number of channels, and what becomes of them with 1 to 4. */
const IMAGES: Record<string, [from: number[], ...to: number[][]]> = {
  "grey": [[7, 250], [7, 250], [7, 255, 250, 255], [7, 7, 7, 250, 250, 250], [
    ...[7, 7, 7, 255],
    ...[250, 250, 250, 255],
  ]],
  "grey and alpha": [[7, 0, 250, 9], [7, 250], [7, 0, 250, 9], [7, 7, 7, 250, 250, 250], [
    ...[7, 7, 7, 0],
    ...[250, 250, 250, 9],
  ]],
  "RGB": [[255, 0, 0, 4, 5, 6], [76, 5], [76, 255, 5, 255], [255, 0, 0, 4, 5, 6], [
    ...[255, 0, 0, 255],
    ...[4, 5, 6, 255],
  ]],
  "RGBA": [[255, 0, 0, 8, 4, 5, 6, 9], [76, 5], [76, 8, 5, 9], [255, 0, 0, 4, 5, 6], [
    ...[255, 0, 0, 8],
    ...[4, 5, 6, 9],
  ]],
};

Deno.test("withChannels() turns each number of channels into each", async (t) => {
  for (const [name, [from, ...all]] of Object.entries(IMAGES)) {
    const size = { width: 1, height: 2 };
    const image = { ...size, channels: from.length / 2, pixels: Uint8Array.from(from) };
    for (const [i, to] of all.entries()) {
      await t.step(`${name} to ${i + 1}`, () => {
        const expected = { ...size, channels: i + 1, pixels: Uint8Array.from(to) };
        deepEqual(withChannels(image, i + 1), expected);
      });
    }
    equal(withChannels(image, image.channels), image, "the image itself");
  }
});

Deno.test("withChannels() makes the grey of three equal samples that sample", () => {
  const pixels = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const gray = withChannels({ width: 256, height: 1, channels: 3, pixels }, 1);
  deepEqual([...gray.pixels], [...Array(256).keys()]);
});
