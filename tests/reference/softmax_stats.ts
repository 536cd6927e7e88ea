/** log Σ_k exp((logits[row, k] − center[k]) / temp) of each row, in float64. */
export function rowLogSumExpReference(
  logits: ArrayLike<number>,
  center: ArrayLike<number>,
  temp: number,
): Float64Array {
  const numPrototypes = center.length;
  return Float64Array.from({ length: logits.length / numPrototypes }, (_, row) => {
    let max = -Infinity, sum = 0;
    const z = (k: number) => (logits[row * numPrototypes + k] - center[k]) / temp;
    for (let k = 0; k < numPrototypes; k++) max = Math.max(max, z(k));
    for (let k = 0; k < numPrototypes; k++) sum += Math.exp(z(k) - max);
    return max + Math.log(sum);
  });
}

/** Softmax of centred, sharpened logits: the teacher's targets, in float64. */
export function targetsReference(
  logits: ArrayLike<number>,
  center: ArrayLike<number>,
  temp: number,
): Float64Array {
  const numPrototypes = center.length;
  const lse = rowLogSumExpReference(logits, center, temp);
  return Float64Array.from(logits, (logit, at) => {
    const [row, k] = [Math.floor(at / numPrototypes), at % numPrototypes];
    return Math.exp((logit - center[k]) / temp - lse[row]);
  });
}
