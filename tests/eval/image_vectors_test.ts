import { deepEqual } from "node:assert/strict";
import { imageVectors } from "../../src/eval/image_vectors.ts";

Deno.test("a vector is the class token, the mean of the patches, or both", () => {
  const features = {
    clsToken: Float32Array.of(1, 2, 3, 4),
    regTokens: new Float32Array(),
    patchTokens: Float32Array.of(1, 10, 3, 20, 5, 30, 7, 40),
    grid: [1, 2] as const,
  };
  deepEqual([...imageVectors(features, "cls", 2)], [1, 2, 3, 4]);
  deepEqual([...imageVectors(features, "mean", 2)], [2, 15, 6, 35]);
  deepEqual([...imageVectors(features, "cls+mean", 2)], [1, 2, 2, 15, 3, 4, 6, 35]);
});
