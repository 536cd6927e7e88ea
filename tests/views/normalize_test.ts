import { deepEqual } from "node:assert/strict";
import { denormalize, normalize } from "../../src/views/normalize.ts";
import { DEFAULT_TRANSFORM_ARGS } from "../../src/views/view_spec.ts";

Deno.test("normalize() writes one plane per channel", () => {
  const out = new Float32Array(6);
  const image = {
    width: 2,
    height: 1,
    channels: 3,
    pixels: Uint8Array.of(0, 51, 102, 255, 204, 153),
  };
  normalize(image, { mean: [0, 0.2, 0.4], std: [1, 0.2, 0.1] }, out);
  deepEqual(out, Float32Array.of(0, 1, 0, 3, 0, 2));
});

Deno.test("denormalize() gives every pixel back as it was", () => {
  const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 7) % 256);
  const image = { width: 16, height: 16, channels: 3, pixels };
  const values = new Float32Array(pixels.length);
  normalize(image, DEFAULT_TRANSFORM_ARGS.normalize, values);
  deepEqual(denormalize(values, image, DEFAULT_TRANSFORM_ARGS.normalize), image);
});
