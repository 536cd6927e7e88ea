/** How far pixels are from those expected, over all samples. */
export interface PixelDifference {
  mean: number;
  /** What 99.9 % of the samples stay within. */
  quantile: number;
  max: number;
}

/** Absolute differences; infinite where lengths differ or a value is no number. */
export function pixelDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): PixelDifference {
  const count = expected.length;
  const differences = Float64Array.from({ length: count }, (_, i) => {
    const difference = Math.abs(actual[i] - expected[i]);
    return Number.isNaN(difference) ? Infinity : difference;
  }).sort();
  if (actual.length !== count || count === 0) {
    return { mean: Infinity, quantile: Infinity, max: Infinity };
  }
  return {
    mean: differences.reduce((sum, difference) => sum + difference, 0) / count,
    quantile: differences[Math.ceil(0.999 * count) - 1],
    max: differences[count - 1],
  };
}
