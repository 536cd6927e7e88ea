import { deepEqual, equal, throws } from "node:assert/strict";
import { median, pairedRatio, quantile, threeDigits } from "../../../bench/support/statistics.ts";

Deno.test("median() is the middle one, or between the two", () => {
  equal(median([3, 1, 2]), 2);
  equal(median([4, 1, 2, 3]), 2.5);
  throws(() => median([]), new RangeError("Cannot take a quantile of no values"));
});

Deno.test("quantile() goes between two values in proportion", () => {
  equal(quantile([10, 20], 0.25), 12.5);
  equal(quantile([1, 2, 3, 4, 5], 0.9), 4.6);
  equal(quantile([7], 0.9), 7);
});

Deno.test("pairedRatio() is not misled by a machine that slows down", () => {
  // Twice as long in every round, while the machine gets ten times slower.
  equal(pairedRatio([2, 4, 20], [1, 2, 10]), 2);
  equal(pairedRatio([2, 4, 20, 500], [1, 2, 10]), 2);
});

Deno.test("threeDigits() keeps three digits that count", () => {
  const values = [0.012345, 4.5678, 78.94, 789.4, 12345, 0, NaN];
  deepEqual(values.map(threeDigits), ["0.0123", "4.57", "78.9", "789", "12345", "0", "NaN"]);
});
