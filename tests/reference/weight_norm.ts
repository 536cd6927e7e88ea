/** Row k of the result is g[k] · v[k] / ‖v[k]‖, in float64. */
export function weightNormReference(v: ArrayLike<number>, g: ArrayLike<number>): Float64Array {
  const dim = v.length / g.length;
  const weight = new Float64Array(v.length);
  for (let k = 0; k < g.length; k++) {
    let sumSq = 0;
    for (let col = 0; col < dim; col++) sumSq += v[k * dim + col] ** 2;
    for (let col = 0; col < dim; col++) {
      weight[k * dim + col] = g[k] * v[k * dim + col] / Math.sqrt(sumSq);
    }
  }
  return weight;
}
