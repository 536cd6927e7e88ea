/** What AdamW keeps of each element. */
export interface AdamWState {
  values: Float64Array;
  expAvg: Float64Array;
  expAvgSq: Float64Array;
  teacher: Float64Array;
}

/** One step's settings, for elements of one parameter group. */
export interface AdamWGroup {
  lr: number;
  weightDecay: number;
  betas: readonly [number, number];
  eps: number;
  /** Updates made before this one. */
  step: number;
  /** Factor on the gradients. */
  clip: number;
  /** Of the teacher; null: it stays. */
  momentum: number | null;
}

/** One AdamW step in float64 on the elements from `start` to `end`, in place. */
export function adamwReference(
  state: AdamWState,
  grads: ArrayLike<number>,
  { lr, weightDecay, betas: [beta1, beta2], eps, step, clip, momentum }: AdamWGroup,
  [start, end]: readonly [number, number],
): void {
  for (let i = start; i < end; i++) {
    const grad = clip * grads[i];
    state.expAvg[i] = beta1 * state.expAvg[i] + (1 - beta1) * grad;
    state.expAvgSq[i] = beta2 * state.expAvgSq[i] + (1 - beta2) * grad ** 2;
    const mean = state.expAvg[i] / (1 - beta1 ** (step + 1));
    const variance = state.expAvgSq[i] / (1 - beta2 ** (step + 1));
    state.values[i] *= 1 - lr * weightDecay;
    state.values[i] -= lr * mean / (Math.sqrt(variance) + eps);
    if (momentum !== null) {
      state.teacher[i] = momentum * state.teacher[i] + (1 - momentum) * state.values[i];
    }
  }
}
