/** What something costs for one number. */
export interface Cost {
  n: number;
  cost: number;
}

/** cost = fixed + slope·n. */
export interface Line {
  fixed: number;
  slope: number;
}

/**
 * The line that is nearest to some costs by their relative distances: small sizes count as much as
 * large ones.
 *
 * @throws {RangeError} For fewer than two different numbers, which no line is nearest to.
 */
export function fitLine(costs: readonly Cost[]): Line {
  // Least squares of (fixed + slope·n)/cost − 1: weights 1/cost².
  let [w, wn, wnn, wc, wnc] = [0, 0, 0, 0, 0];
  for (const { n, cost } of costs) {
    const weight = 1 / cost ** 2;
    w += weight;
    wn += weight * n;
    wnn += weight * n * n;
    wc += weight * cost;
    wnc += weight * n * cost;
  }
  const determinant = w * wnn - wn * wn;
  if (costs.length < 2 || !(determinant > 1e-12 * w * wnn)) {
    throw new RangeError("Cannot fit a line: it takes costs of two different numbers");
  }
  const slope = (w * wnc - wn * wc) / determinant;
  return { slope, fixed: (wc - slope * wn) / w };
}

/** How far a cost is above a line (or below: negative), as a share of the line. */
export function offLine({ fixed, slope }: Line, { n, cost }: Cost): number {
  return cost / (fixed + slope * n) - 1;
}
