import { type Sampled, sampled } from "../../src/golden/sampled.ts";

/** How often something of probability `p` happened in `count` trials. */
export function compareShare(name: string, p: number, hits: number, count: number): Sampled {
  return sampled(name, p, hits / count, Math.sqrt(p * (1 - p) / count));
}

/** The mean of a sample from a distribution. */
export function compareMean(
  name: string,
  { mean, deviation }: { mean: number; deviation: number },
  sample: number[],
): Sampled {
  const drawn = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  return sampled(name, mean, drawn, deviation / Math.sqrt(sample.length));
}

/** The mean of a uniform sample. */
export function compareUniform(name: string, [lo, hi]: [number, number], sample: number[]) {
  return compareMean(name, { mean: (lo + hi) / 2, deviation: (hi - lo) / Math.sqrt(12) }, sample);
}

/**
 * How many of a sample fell into each class, all at once by Pearson's χ²; its expectation is the
 * number of classes less one. Its cube root is nearly normal (Wilson and Hilferty), which gives the
 * standard errors.
 */
export function compareCounts(
  name: string,
  probabilities: ArrayLike<number>,
  counts: ArrayLike<number>,
): Sampled {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const free = probabilities.length - 1;
  const square = Array.from(probabilities).reduce((sum, p, i) => {
    return sum + (counts[i] - p * total) ** 2 / (p * total);
  }, 0);
  const spread = 2 / (9 * free);
  const off = (Math.cbrt(square / free) - (1 - spread)) / Math.sqrt(spread);
  return { name, expected: free, drawn: square, off };
}

/** The comparisons without those of what never happens, and never did. */
export function possible(comparisons: Sampled[]): Sampled[] {
  return comparisons.filter(({ expected, drawn }) => expected !== 0 || drawn !== 0);
}

/** A Markdown table of comparisons. */
export function tableOf(comparisons: Sampled[]): string {
  const digits = (value: number) => String(Number(value.toPrecision(5)));
  const rows = comparisons.map(({ name, expected, drawn, off }) =>
    [name, digits(expected), digits(drawn), off.toFixed(1).replace("-0.0", "0.0")].join(" | ")
  );
  return [
    "quantity | expected | drawn | standard errors off",
    "--- | --- | --- | ---",
    ...rows,
  ].map((row) => `| ${row} |`).join("\n");
}
