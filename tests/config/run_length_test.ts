import { deepEqual, equal } from "node:assert/strict";
import { totalStepsOf } from "../../src/config/run_length.ts";

Deno.test("totalStepsOf() takes steps as they are, and epochs by their steps", () => {
  equal(totalStepsOf({ steps: 7, epochs: "auto" }, 100), 7);
  equal(totalStepsOf({ steps: 0, epochs: "auto" }, 100), 0);
  const totals = [0, 1, 2, 3].map((epochs) => totalStepsOf({ steps: null, epochs }, 2.5));
  deepEqual(totals, [0, 2, 5, 7]);
  equal(totalStepsOf({ steps: null, epochs: 1 }, 0.25), 1); // an epoch of less than a step
});

Deno.test("totalStepsOf() makes whole epochs of the reference's 125,000 steps", () => {
  const totals = [1, 80, 125_000, 200_000, 2.5].map((perEpoch) =>
    totalStepsOf({ steps: null, epochs: "auto" }, perEpoch)
  );
  deepEqual(totals, [125_000, 125_040, 125_000, 200_000, 125_000]);
});
