/** The `k` greatest of each row by a plain sort; of equal ones the first column comes first. */
export function topKReference(
  x: ArrayLike<number>,
  cols: number,
  k: number,
  rows = x.length / cols,
): { values: number[]; indices: number[] } {
  const [values, indices]: [number[], number[]] = [[], []];
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    const sorted = Array.from({ length: cols }, (_, col) => col)
      .sort((a, b) => x[start + b] - x[start + a] || a - b);
    for (let place = 0; place < k; place++) {
      const col = sorted[place];
      values.push(col === undefined ? 0 : x[start + col]);
      indices.push(col === undefined ? 0xffffffff : col);
    }
  }
  return { values, indices };
}
