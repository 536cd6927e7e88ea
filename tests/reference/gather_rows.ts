/** Rows of `x` by index, in float64; zeros where the index is 0xffffffff. */
export function gatherRowsReference(
  x: ArrayLike<number>,
  dim: number,
  indices: ArrayLike<number>,
): Float64Array {
  const y = new Float64Array(indices.length * dim);
  for (let row = 0; row < indices.length; row++) {
    if (indices[row] === 0xffffffff) continue;
    for (let col = 0; col < dim; col++) y[row * dim + col] = x[indices[row] * dim + col];
  }
  return y;
}
