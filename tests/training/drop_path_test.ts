import { deepEqual, equal, ok } from "node:assert/strict";
import { resolveModel } from "../../src/config/model_presets.ts";
import { randomStream } from "../../src/random.ts";
import { dropPathFactors, dropPathRate } from "../../src/training/drop_path.ts";

/** Factors of `crops` crops; another `draw` gives others. */
function factors(crops: number, rate: number, draw = 0): number[] {
  return [...dropPathFactors(crops, rate, randomStream(0, "drop path", draw))];
}

Deno.test("dropPathFactors() keeps a fixed number of crops above a rate of 0.1", () => {
  // Crops, rate, and how many are kept: floor(crops · (1 − rate)), at least one.
  for (const [crops, rate, kept] of [[8, 0.3, 5], [7, 0.5, 3], [1, 0.9, 1], [4, 0.9, 1]]) {
    for (let draw = 0; draw < 20; draw++) {
      const drawn = factors(crops, rate, draw);
      deepEqual(
        drawn.filter((factor) => factor !== 0),
        Array(kept).fill(Math.fround(crops / kept)),
      );
      equal(drawn.length, crops);
    }
  }
});

Deno.test("dropPathFactors() keeps each crop by chance up to a rate of 0.1", () => {
  const scale = Math.fround(1 / 0.9);
  const counts = new Set<number>();
  let kept = 0;
  for (let draw = 0; draw < 500; draw++) {
    const drawn = factors(20, 0.1, draw);
    ok(drawn.every((factor) => factor === 0 || factor === scale), drawn.join());
    const alive = drawn.filter((factor) => factor !== 0).length;
    counts.add(alive);
    kept += alive;
  }
  ok(counts.size > 3, "the number that is kept varies");
  ok(Math.abs(kept / 10_000 - 0.9) < 0.015, `${kept} of 10000`); // five standard deviations
});

Deno.test("dropPathFactors() have a mean of 1, whichever rule makes them", () => {
  for (const rate of [0.05, 0.1, 0.3, 0.7]) {
    let sum = 0;
    for (let draw = 0; draw < 2000; draw++) {
      for (const factor of factors(10, rate, draw)) sum += factor;
    }
    ok(Math.abs(sum / 20_000 - 1) < 0.02, `rate ${rate}: mean ${sum / 20_000}`);
  }
});

Deno.test("dropPathFactors() drops every crop equally often", () => {
  const kept = new Array<number>(8).fill(0);
  for (let draw = 0; draw < 2000; draw++) {
    factors(8, 0.5, draw).forEach((factor, crop) => kept[crop] += Number(factor > 0));
  }
  ok(kept.every((count) => Math.abs(count / 2000 - 0.5) < 0.06), kept.join());
});

Deno.test("dropPathFactors() leaves all as it is at rate 0, and takes no crops", () => {
  deepEqual(factors(3, 0), [1, 1, 1]);
  deepEqual(factors(0, 0.5), []);
});

Deno.test("dropPathRate() is the same in all blocks, or rises from 0", () => {
  const model = resolveModel("dinov2/vittest", { depth: 4, drop_path_rate: 0.3 });
  const rates = (dropPathUniform: boolean, depth = 4) =>
    Array.from({ length: depth }, (_, i) => dropPathRate({ ...model, dropPathUniform, depth }, i));
  deepEqual(rates(true), [0.3, 0.3, 0.3, 0.3]);
  deepEqual(rates(false).map((rate) => Number(rate.toFixed(6))), [0, 0.1, 0.2, 0.3]);
  deepEqual(rates(false, 1), [0.3]);
});
