import { ok } from "node:assert/strict";
import { randomStream } from "../../src/random.ts";
import { featureStats } from "../../src/training/feature_stats.ts";
import { assertAllClose } from "../support/arrays.ts";

function statsOf(rows: number[][]) {
  const { std, effectiveRank } = featureStats(Float32Array.from(rows.flat()), rows[0].length);
  return [std, effectiveRank];
}

Deno.test("featureStats() tells features that are alike from those that are not", () => {
  // All alike, whatever their lengths.
  assertAllClose(statsOf([[1, 2, 2], [2, 4, 4], [0.5, 1, 1]]), [0, 1]);
  // Each its own direction, at right angles: as many as there are.
  assertAllClose(statsOf([[3, 0], [0, 1]]), [Math.sqrt(0.5), 2]);
  // Opposite ones fill one direction, but are as far apart as can be.
  assertAllClose(statsOf([[1, 1], [-1, -1]]), [1, 1]);
  // Rows of zeros do not count as a direction, and nothing is divided by them.
  assertAllClose(statsOf([[0, 0], [0, 0]]), [0, 1]);
});

Deno.test("featureStats() finds as many directions as there are in noise", () => {
  const [rows, dim, directions] = [64, 24, 3];
  const stream = randomStream(0, "features");
  const basis = Array.from(
    { length: directions },
    () => Array.from({ length: dim }, () => stream.normal()),
  );
  const low = Array.from({ length: rows }, () => {
    const weights = basis.map(() => stream.normal());
    return Array.from(
      { length: dim },
      (_, col) => basis.reduce((sum, vector, i) => sum + weights[i] * vector[col], 0),
    );
  });
  const full = Array.from(
    { length: rows },
    () => Array.from({ length: dim }, () => stream.normal()),
  );
  const [lowStd, lowRank] = statsOf(low);
  const [fullStd, fullRank] = statsOf(full);
  ok(lowRank > 2.5 && lowRank <= 3.001, `${lowRank}`);
  ok(fullRank > 21 && fullRank <= 24, `${fullRank}`);
  ok(lowStd > 0.9 && fullStd > 0.9 && lowStd <= 1 && fullStd <= 1, `${lowStd}, ${fullStd}`);
});
