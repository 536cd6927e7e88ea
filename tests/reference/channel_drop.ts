/**
 * Probability of each set of kept channels, such as `"0,3"`: channels are dropped one by one, each
 * with a probability in proportion to its weight among those that are left.
 */
export function keptProbabilities(weights: number[], keep: number): Map<string, number> {
  const result = new Map<string, number>();
  const visit = (left: number[], probability: number) => {
    if (probability === 0) return;
    if (left.length === keep) {
      const name = left.join();
      result.set(name, (result.get(name) ?? 0) + probability);
      return;
    }
    const total = left.reduce((sum, channel) => sum + weights[channel], 0);
    for (const dropped of left) {
      const share = weights[dropped] / total;
      visit(left.filter((channel) => channel !== dropped), probability * share);
    }
  };
  visit(weights.map((_, channel) => channel), 1);
  return result;
}
