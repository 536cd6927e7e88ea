/** Mean of the first `count` rows, in float64; zeros for no row. */
export function meanRowsReference(
  x: ArrayLike<number>,
  dim: number,
  count: number,
): Float64Array {
  const mean = new Float64Array(dim);
  for (let row = 0; row < count; row++) {
    for (let col = 0; col < dim; col++) mean[col] += x[row * dim + col] / count;
  }
  return mean;
}
