import { EigenvalueDecomposition, Matrix } from "../deps/ml_matrix.ts";

/** How far apart features are, whatever their lengths. */
export interface FeatureStats {
  /** Deviation of a coordinate over the rows, times √dim: about 1 if they point anywhere, 0 if all alike. */
  std: number;
  /** How many directions they fill: from 1, all alike, to the number of rows or coordinates. */
  effectiveRank: number;
}

/**
 * Says whether features have collapsed.
 *
 * The effective rank is the exponential of the entropy of the singular values.
 *
 * @param features `[rows, dim]`; a row is scaled to length 1 first.
 * @see Garrido et al. 2023, RankMe, arXiv:2210.02885
 */
export function featureStats(features: Float32Array, dim: number): FeatureStats {
  const rows = features.length / dim;
  const unit = unitRows(features, dim);
  let variance = 0;
  for (let col = 0; col < dim; col++) {
    let [sum, sumSquares] = [0, 0];
    for (let row = 0; row < rows; row++) sum += unit[row * dim + col];
    for (let row = 0; row < rows; row++) sumSquares += (unit[row * dim + col] - sum / rows) ** 2;
    variance += sumSquares / rows;
  }
  return { std: Math.sqrt(variance), effectiveRank: effectiveRankOf(unit, rows, dim) };
}

function unitRows(features: Float32Array, dim: number): Float64Array {
  const unit = Float64Array.from(features);
  for (let start = 0; start < unit.length; start += dim) {
    const row = unit.subarray(start, start + dim);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) { for (let col = 0; col < dim; col++) row[col] /= norm; }
  }
  return unit;
}

/** From the products of all pairs of rows, whose eigenvalues are the singular values' squares. */
function effectiveRankOf(unit: Float64Array, rows: number, dim: number): number {
  const products = Matrix.zeros(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let col = 0; col < dim; col++) product += unit[i * dim + col] * unit[j * dim + col];
      products.set(i, j, product);
      products.set(j, i, product);
    }
  }
  const { realEigenvalues } = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  const singular = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const total = singular.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 1;
  const shares = singular.map((value) => value / total).filter((share) => share > 0);
  return Math.exp(shares.reduce((entropy, share) => entropy - share * Math.log(share), 0));
}
