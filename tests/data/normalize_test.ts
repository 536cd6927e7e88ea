import { deepEqual } from "node:assert/strict";
import { normalize } from "../../src/data/normalize.ts";

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
