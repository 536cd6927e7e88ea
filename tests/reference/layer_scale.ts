/**
 * The scaled branch of a residual join in float64: `gamma · scale[sequence] · branch`.
 *
 * @param scales One factor for each row: its sequence's drop-path scale.
 */
export function layerScaleReference(
  branch: ArrayLike<number>,
  gamma: ArrayLike<number>,
  scales: ArrayLike<number>,
): Float64Array {
  const dim = gamma.length;
  return Float64Array.from({ length: branch.length }, (_, index) => {
    const row = Math.floor(index / dim);
    return gamma[index % dim] * scales[row] * branch[index];
  });
}
