/** `silu(a) · b` in float64, where each row of `x12` is `(a, b)`, `hidden` numbers each. */
export function swigluReference(x12: ArrayLike<number>, hidden: number): Float64Array {
  return Float64Array.from({ length: x12.length / 2 }, (_, index) => {
    const row = Math.floor(index / hidden);
    const a = x12[index + row * hidden];
    const b = x12[index + (row + 1) * hidden];
    return a / (1 + Math.exp(-a)) * b;
  });
}
