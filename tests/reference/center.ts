/** The center after one update, in float64; unchanged where no row counted. */
export function updateCenterReference(
  center: ArrayLike<number>,
  batchMean: ArrayLike<number>,
  momentum: number,
  count: number,
): Float64Array {
  if (count === 0) return Float64Array.from(center);
  return Float64Array.from(
    center,
    (value, k) => momentum * value + (1 - momentum) * batchMean[k],
  );
}
