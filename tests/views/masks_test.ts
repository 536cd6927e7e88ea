import { deepEqual, equal } from "node:assert/strict";
import { drawMasks, maskTable, maxMaskedPatches } from "../../src/views/masks.ts";
import { randomStream } from "../../src/random.ts";

Deno.test("drawMasks() asks no crop at probability 0", () => {
  const settings = {
    crops: 4,
    grid: [3, 5] as [number, number],
    maskProbability: 0,
    maskRatioMin: 0.1,
    maskRatioMax: 0.5,
  };
  const masks = drawMasks(randomStream(0, "masks"), settings);
  deepEqual([masks.length, masks.some(Boolean), maxMaskedPatches(settings)], [60, false, 0]);
});

Deno.test("maxMaskedPatches() adds up the upper ends of the intervals", () => {
  const settings = { crops: 4, maskProbability: 1, maskRatioMin: 0, maskRatioMax: 0.5 };
  // Upper ends 0.125, 0.25, 0.375, 0.5 of 15 patches.
  equal(maxMaskedPatches({ ...settings, grid: [3, 5] }), 1 + 3 + 5 + 7);
});

Deno.test("maskTable() lists flat indices and the weight of each crop", () => {
  const masks = Uint8Array.of(0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1);
  const { indices, weights } = maskTable(masks, 3, 4);
  deepEqual(indices, Uint32Array.of(1, 6, 7, 10, 11));
  deepEqual(weights, Float32Array.of(1, 0.5, 0.5, 0.5, 0.5));
  deepEqual(maskTable(new Uint8Array(8), 2, 4).indices.length, 0);
});
