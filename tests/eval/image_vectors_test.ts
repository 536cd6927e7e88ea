import { deepEqual, equal } from "node:assert/strict";
import { imageVectors, layerVectors, vectorWidth } from "../../src/eval/image_vectors.ts";

const MEANS = { embedDim: 2 };

Deno.test("a vector is the class token, the mean of the patches, or both", () => {
  const features = {
    clsToken: Float32Array.of(1, 2, 3, 4),
    regTokens: new Float32Array(),
    patchTokens: Float32Array.of(1, 10, 3, 20, 5, 30, 7, 40),
    grid: [1, 2] as const,
  };
  deepEqual([...imageVectors(features, "cls", MEANS)], [1, 2, 3, 4]);
  deepEqual([...imageVectors(features, "mean", MEANS)], [2, 15, 6, 35]);
  deepEqual([...imageVectors(features, "cls+mean", MEANS)], [1, 2, 2, 15, 3, 4, 6, 35]);
});

Deno.test("vectors of several blocks lie side by side, the last block last", () => {
  const layer = (scale: number) => ({
    clsToken: Float32Array.of(1, 2, 3, 4).map((value) => value * scale),
    regTokens: new Float32Array(),
    patchTokens: Float32Array.of(1, 10, 3, 20, 5, 30, 7, 40).map((value) => value * scale),
    grid: [1, 2] as const,
  });
  const wanted = {
    cls: [1, 2, 10, 20, 3, 4, 30, 40],
    mean: [2, 15, 20, 150, 6, 35, 60, 350],
    "cls+mean": [1, 2, 10, 20, 20, 150, 3, 4, 30, 40, 60, 350], // the mean is the last block's
    patch: [1, 10, 10, 100, 3, 20, 30, 200, 5, 30, 50, 300, 7, 40, 70, 400],
  };
  for (const [tokens, values] of Object.entries(wanted)) {
    const choice = tokens as keyof typeof wanted;
    deepEqual([...layerVectors([layer(1), layer(10)], choice, MEANS)], values, tokens);
    equal(vectorWidth(choice, MEANS, 2), values.length / (choice === "patch" ? 4 : 2), tokens);
  }
});

Deno.test("an embedding is the last class token through the layer of embed_dim", () => {
  const embedding = {
    weight: Float32Array.of(1, 0, 0, 1, 10, 100), // [3, 2]
    bias: Float32Array.of(0.5, 0, -1),
  };
  const features = {
    clsToken: Float32Array.of(1, 2, 3, 4),
    regTokens: new Float32Array(),
    patchTokens: new Float32Array(),
    grid: [1, 2] as const,
  };
  const means = { ...MEANS, embedding };
  deepEqual([...imageVectors(features, "embedding", means)], [1.5, 2, 209, 3.5, 4, 429]);
  equal(vectorWidth("embedding", means), 3);
});
