import { l2NormalizeReference } from "./l2_normalize.ts";

/** KoLeo of one group of rows, in float64; 0 for a row alone. */
export function koleoReference(x: ArrayLike<number>, dim: number, eps = 1e-8): number {
  const y = l2NormalizeReference(x, dim, eps);
  const rows = x.length / dim;
  if (rows === 1) return 0;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    let nearest = -1, best = -Infinity;
    for (let other = 0; other < rows; other++) {
      if (other === row) continue;
      let cosine = 0;
      for (let col = 0; col < dim; col++) cosine += y[row * dim + col] * y[other * dim + col];
      if (cosine > best) [nearest, best] = [other, cosine];
    }
    let sumSq = 0;
    for (let col = 0; col < dim; col++) {
      sumSq += (y[row * dim + col] - y[nearest * dim + col] + eps) ** 2;
    }
    sum += Math.log(Math.sqrt(sumSq) + eps);
  }
  return -sum / rows;
}
