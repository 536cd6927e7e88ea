/** One statistic of a sample beside its exact expectation. */
export interface Sampled {
  name: string;
  expected: number;
  drawn: number;
  /** Distance in standard errors of the sample. */
  off: number;
}

/**
 * A statistic of a sample beside what is expected of it.
 *
 * @param error Standard error of the sample's statistic; 0 if it cannot vary.
 */
export function sampled(name: string, expected: number, drawn: number, error: number): Sampled {
  const off = drawn === expected ? 0 : (drawn - expected) / error;
  return { name, expected, drawn, off };
}

/** The statistic that is farthest off; one that is no number is farther than any. */
export function farthest(statistics: readonly Sampled[]): Sampled {
  const distance = ({ off }: Sampled) => Number.isNaN(off) ? Infinity : Math.abs(off);
  return statistics.reduce((a, b) => distance(b) > distance(a) ? b : a);
}
