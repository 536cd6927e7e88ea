import { deepEqual, ok } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import { encodeJpeg, encodePng } from "../../src/images/encode.ts";
import { randomStream } from "../../src/random.ts";

Deno.test("encodePng() keeps every pixel, of noise too", async () => {
  for (const [width, height] of [[1, 1], [32, 32], [301, 7]]) {
    const stream = randomStream(0, "noise", width);
    const pixels = Uint8Array.from({ length: width * height * 3 }, () => stream.int(256));
    deepEqual(await decodeImage(encodePng({ width, height, channels: 3, pixels })), {
      width,
      height,
      channels: 3,
      pixels,
    });
  }
});

Deno.test("encodeJpeg() and decodeImage() keep a smooth image within the loss", async () => {
  const [width, height] = [24, 16];
  const pixels = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [Math.floor(i / 3) % width * 8, 120, 200][i % 3],
  );
  const image = await decodeImage(await encodeJpeg({ width, height, channels: 3, pixels }, 95));
  deepEqual([image.width, image.height, image.pixels.length], [width, height, pixels.length]);
  const worst = Math.max(...image.pixels.map((value, i) => Math.abs(value - pixels[i])));
  ok(worst < 16, `worst difference ${worst}`);
});
