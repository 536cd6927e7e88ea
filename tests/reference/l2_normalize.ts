/** Rows divided by their norm, at least `eps`, in float64. */
export function l2NormalizeReference(
  x: ArrayLike<number>,
  dim: number,
  eps = 1e-12,
): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += dim) {
    let sumSq = 0;
    for (let col = 0; col < dim; col++) sumSq += x[start + col] ** 2;
    const divisor = Math.max(Math.sqrt(sumSq), eps);
    for (let col = 0; col < dim; col++) y[start + col] = x[start + col] / divisor;
  }
  return y;
}
