import { deepEqual, equal, ok } from "node:assert/strict";
import { drawMasks, maskTable, maxMaskedPatches } from "../../src/data/masks.ts";
import { randomStream } from "../../src/random.ts";
import { findCase, loadCase } from "../support/golden.ts";

const DRAWS = 1000;

Deno.test({
  name: "drawMasks() has the statistics of the recorded reference",
  ignore: findCase("masking") === undefined,
  fn: async (t) => {
    for (const [number, set] of loadCase("masking").json.sets.entries()) {
      const settings = {
        crops: set.crops,
        grid: set.grid,
        maskProbability: set.mask_probability,
        maskRatioMin: set.mask_ratio_min,
        maskRatioMax: set.mask_ratio_max,
      };
      await t.step(JSON.stringify(settings), () => {
        const patches = set.grid[0] * set.grid[1];
        const asked = set.masked_crops_asked;
        const rankSums = new Float64Array(asked);
        const frequency = new Float64Array(patches);
        for (let draw = 0; draw < DRAWS; draw++) {
          const masks = drawMasks(randomStream(number, "masks", draw), settings);
          const counts = Array.from({ length: set.crops }, (_, crop) => {
            const mask = masks.subarray(crop * patches, (crop + 1) * patches);
            mask.forEach((value, i) => frequency[i] += value);
            return mask.reduce((sum, value) => sum + value, 0);
          }).sort((a, b) => a - b);
          equal(counts.slice(0, set.crops - asked).every((count) => count === 0), true);
          counts.slice(-asked).forEach((count, rank) => rankSums[rank] += count);
          ok(counts.reduce((a, b) => a + b) <= maxMaskedPatches(settings));
        }
        // Both sides are samples (ours of 1000 draws, theirs of 2000): six standard errors.
        for (let rank = 0; rank < asked; rank++) {
          const error = set.sorted_count_std_per_rank[rank] * Math.sqrt(1 / DRAWS + 1 / set.draws);
          const off = rankSums[rank] / DRAWS - set.sorted_count_mean_per_rank[rank];
          ok(Math.abs(off) < 6 * error + 1e-4, `rank ${rank}: mean count off by ${off}`);
        }
        for (let i = 0; i < patches; i++) {
          const expected = set.position_frequency[Math.floor(i / set.grid[1])][i % set.grid[1]];
          const crops = set.crops * DRAWS * set.draws / (DRAWS + set.draws);
          const error = Math.sqrt(expected * (1 - expected) / crops);
          const off = frequency[i] / (DRAWS * set.crops) - expected;
          ok(Math.abs(off) < 6 * error, `patch ${i}: frequency off by ${off}`);
        }
      });
    }
  },
});

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
