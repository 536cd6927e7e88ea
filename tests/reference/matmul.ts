/** Sizes of `[rows, depth] · [depth, cols]`, and which operands are stored transposed. */
export interface Product {
  rows: number;
  cols: number;
  depth: number;
  transposeA?: boolean;
  transposeB?: boolean;
}

/** One element of a product. */
export function productAt(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { rows, cols, depth, transposeA, transposeB }: Product,
  row: number,
  col: number,
): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) {
    const left = transposeA ? a[k * rows + row] : a[row * depth + k];
    const right = transposeB ? b[col * depth + k] : b[k * cols + col];
    sum += left * right;
  }
  return sum;
}

/** The whole product, `[rows, cols]`. */
export function matmulReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  product: Product,
): Float64Array {
  const { rows, cols } = product;
  const y = new Float64Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) y[row * cols + col] = productAt(a, b, product, row, col);
  }
  return y;
}

/** Adds up the rows of `x`, `[rows, cols]`. */
export function columnSumReference(x: ArrayLike<number>, cols: number): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 0; i < x.length; i++) sums[i % cols] += x[i];
  return sums;
}
