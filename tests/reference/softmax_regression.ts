/** Loss and gradient of logits against labels in float64, each row the next head of its sample. */
export function labelCrossEntropyReference(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: ArrayLike<number>,
  classes: number,
): { losses: Float64Array; gradient: Float64Array } {
  const rows = logits.length / classes;
  const heads = rows / labels.length;
  const losses = new Float64Array(rows);
  const gradient = new Float64Array(logits.length);
  for (let row = 0; row < rows; row++) {
    const sample = Math.floor(row / heads);
    if (weights[sample] === 0) continue;
    const own = Array.from({ length: classes }, (_, k) => logits[row * classes + k]);
    const most = Math.max(...own);
    const sum = own.reduce((total, z) => total + Math.exp(z - most), 0);
    own.forEach((z, k) => {
      const p = Math.exp(z - most) / sum;
      const isLabel = k === labels[sample];
      if (isLabel) losses[row] = -weights[sample] * (z - most - Math.log(sum));
      gradient[row * classes + k] = weights[sample] * (p - (isLabel ? 1 : 0));
    });
  }
  return { losses, gradient };
}

/** One step of SGD with momentum on one group of parameters, in place. */
export function sgdReference(
  values: Float64Array,
  velocity: Float64Array,
  grads: ArrayLike<number>,
  { lr, momentum }: { lr: number; momentum: number },
): void {
  for (let i = 0; i < values.length; i++) {
    velocity[i] = momentum * velocity[i] + grads[i];
    values[i] -= lr * velocity[i];
  }
}
