import { EigenvalueDecomposition, Matrix } from "../deps/ml_matrix.ts";

/**
 * How many directions features fill, without any labels: the exponential of the entropy of the
 * singular values' shares. It goes from 1, all in one direction, to the number of rows or columns.
 * Of runs of one method, those with more tend to be better; features that collapse lose it.
 *
 * @example
 * ```ts
 * import { rankMe } from "./rank_me.ts";
 *
 * console.log(rankMe(Float32Array.of(1, 0, 0, 1), 2).toFixed(2)); // 2.00: at right angles
 * console.log(rankMe(Float32Array.of(1, 2, 2, 4), 2).toFixed(2)); // 1.00: in one direction
 * ```
 *
 * @param features `[rows, dim]`, neither centred nor scaled; more rows than `dim`, to say much.
 * @see Garrido et al. 2023, RankMe, arXiv:2210.02885
 */
export function rankMe(features: Float32Array | Float64Array, dim: number): number {
  const rows = features.length / dim;
  const products = rows < dim ? productsOfRows(features, dim) : productsOfColumns(features, dim);
  const { realEigenvalues } = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  const singular = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const total = singular.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 1;
  // Differs: the paper adds 1e-7 to each share, which only keeps it from the logarithm of 0.
  const shares = singular.map((value) => value / total).filter((share) => share > 0);
  return Math.exp(shares.reduce((entropy, share) => entropy - share * Math.log(share), 0));
}

/** X·Xᵀ in float64, whose eigenvalues are the singular values' squares. */
function productsOfRows(x: Float32Array | Float64Array, dim: number): Matrix {
  const rows = x.length / dim;
  const products = Matrix.zeros(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let col = 0; col < dim; col++) product += x[i * dim + col] * x[j * dim + col];
      products.set(i, j, product);
      products.set(j, i, product);
    }
  }
  return products;
}

/** XᵀX, of the same eigenvalues but for zeros: row by row, so that memory is read in its order. */
function productsOfColumns(x: Float32Array | Float64Array, dim: number): Matrix {
  const sums = Array.from({ length: dim }, () => new Float64Array(dim));
  for (let start = 0; start < x.length; start += dim) {
    for (let i = 0; i < dim; i++) {
      const [into, value] = [sums[i], x[start + i]];
      for (let j = 0; j <= i; j++) into[j] += value * x[start + j];
    }
  }
  const products = Matrix.zeros(dim, dim);
  sums.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      products.set(i, j, row[j]);
      products.set(j, i, row[j]);
    }
  });
  return products;
}
