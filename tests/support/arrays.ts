import { AssertionError } from "node:assert/strict";

/** What decides whether two numbers agree: |actual - expected| ≤ atol + rtol · |expected|. */
export interface Tolerance {
  rtol?: number;
  atol?: number;
}

/** f32 arithmetic against float64 over sums of ordinary length. */
export const F32: Required<Tolerance> = { rtol: 1e-5, atol: 1e-5 };

/** Fails with the worst element, both its values, and the count out of tolerance. */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = F32.rtol, atol = F32.atol }: Tolerance = F32,
  what = "values",
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError({
      message: `${what} must have ${expected.length} elements, got ${actual.length}`,
    });
  }
  let worst = -1, worstExcess = 0, count = 0;
  for (let i = 0; i < expected.length; i++) {
    const excess = Math.abs(actual[i] - expected[i]) - (atol + rtol * Math.abs(expected[i]));
    if (excess <= 0) continue;
    count++;
    if (worst < 0 || !(excess <= worstExcess)) [worst, worstExcess] = [i, excess];
  }
  // A NaN compares false with everything: look for it on its own.
  const nan = Array.prototype.findIndex.call(actual, Number.isNaN);
  if (nan >= 0) [worst, count] = [nan, count || 1];
  if (worst < 0) return;
  throw new AssertionError({
    message: `${count} of ${expected.length} ${what} are out of tolerance (rtol ${rtol}, atol ` +
      `${atol}); the worst at index ${worst}: got ${actual[worst]}, expected ${expected[worst]}`,
  });
}

/** Repeatable numbers, uniform in [mean - scale, mean + scale), exact in f32. */
export function randomArray(
  length: number,
  { seed, mean = 0, scale = 1 }: { seed: number; mean?: number; scale?: number },
): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) >>> 0; // mulberry32
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return mean + scale * (((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1);
  });
}

/**
 * Central differences of a scalar function of float64 arrays, at some elements of one argument.
 *
 * @param loss Takes the argument, returns a scalar; must not keep it.
 * @param at Elements to look at; all of them when left out.
 * @returns One derivative for each element looked at.
 */
export function centralDifferences(
  loss: (x: Float64Array) => number,
  x: ArrayLike<number>,
  { h = 1e-5, at }: { h?: number; at?: readonly number[] } = {},
): Float64Array {
  const point = Float64Array.from(x);
  const elements = at ?? [...point.keys()];
  return Float64Array.from(elements, (i) => {
    const kept = point[i];
    point[i] = kept + h;
    const above = loss(point);
    point[i] = kept - h;
    const below = loss(point);
    point[i] = kept;
    return (above - below) / (2 * h);
  });
}

/** Sum of the products of two arrays: turns an output into a scalar whose gradient is `dy`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
