import { AssertionError } from "node:assert/strict";

/**
 * Share of 8-bit samples that two ways of making a view may round differently: sums in float32 with
 * and without fused multiply-adds, or beside float64, differ by about 1e-5 of a level, and so many
 * lie that near to a half.
 */
export const ROUNDED_OTHERWISE = 1e-4;

/**
 * Fails unless 8-bit samples are equal, but for a few.
 *
 * @param share How many may differ, of all; at least one of a small image.
 * @param levels By how much they may: a level that is rounded otherwise moves those that later
 * changes make of it.
 */
export function assertSamples(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { share = ROUNDED_OTHERWISE, levels = 1 }: { share?: number; levels?: number } = {},
): void {
  let [count, worst, most] = [0, -1, 0];
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i] - expected[i]);
    if (off < 0.01) continue; // samples that were normalized to 0..255 are no whole numbers
    count++;
    if (!(off <= most)) [worst, most] = [i, off];
  }
  const few = count <= Math.max(1, share * expected.length) && most < levels + 0.01;
  if (actual.length === expected.length && few) return;
  throw new AssertionError({
    message: `${count} of ${expected.length} samples (got ${actual.length}) differ; the most at ` +
      `index ${worst}: got ${actual[worst]}, expected ${expected[worst]}`,
  });
}
