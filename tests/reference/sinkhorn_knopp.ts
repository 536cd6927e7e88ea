/** Targets of Sinkhorn-Knopp as the paper writes it: scale columns, then rows, in float64. */
export function sinkhornReference(
  logits: ArrayLike<number>,
  numPrototypes: number,
  { temp, iterations = 3 }: { temp: number; iterations?: number },
): Float64Array {
  const q = Float64Array.from(logits, (logit) => Math.exp(logit / temp));
  const rows = q.length / numPrototypes;
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (let k = 0; k < numPrototypes; k++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += q[row * numPrototypes + k];
      for (let row = 0; row < rows; row++) q[row * numPrototypes + k] /= sum;
    }
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < numPrototypes; k++) sum += q[row * numPrototypes + k];
      for (let k = 0; k < numPrototypes; k++) q[row * numPrototypes + k] /= sum;
    }
  }
  return q;
}
