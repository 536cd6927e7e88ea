/** LayerNorm of each row of `x` in float64: `y = gamma · (x − μ)/√(σ² + eps) + beta`. */
export function layerNormReference(
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  eps = 1e-6,
): Float64Array {
  const dim = gamma.length;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += dim) {
    let mean = 0;
    for (let col = 0; col < dim; col++) mean += x[start + col] / dim;
    let variance = 0;
    for (let col = 0; col < dim; col++) variance += (x[start + col] - mean) ** 2 / dim;
    for (let col = 0; col < dim; col++) {
      const normalized = (x[start + col] - mean) / Math.sqrt(variance + eps);
      y[start + col] = gamma[col] * normalized + beta[col];
    }
  }
  return y;
}
