/** L2 norm of all arrays together in float64, and the factor that clips them to `maxNorm`. */
export function gradNormReference(
  grads: readonly ArrayLike<number>[],
  maxNorm: number,
): [norm: number, clip: number] {
  let sum = 0;
  for (const grad of grads) {
    for (let i = 0; i < grad.length; i++) sum += grad[i] ** 2;
  }
  const norm = Math.sqrt(sum);
  return [norm, Math.min(1, maxNorm / (norm + 1e-6))];
}
