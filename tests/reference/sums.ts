/** Sums in float64 of the elements whose index modulo `period` is below `head`, and of the others. */
export function sumsReference(
  x: ArrayLike<number>,
  { period, head }: { period: number; head: number },
): [number, number] {
  const sums: [number, number] = [0, 0];
  for (let i = 0; i < x.length; i++) sums[i % period < head ? 0 : 1] += x[i];
  return sums;
}
