/** One size of box with its probability; `middle`: that of the image's middle after ten misfits. */
interface Outcome {
  width: number;
  height: number;
  probability: number;
  middle: boolean;
}

/** Points of the grid over area and over logarithm of the aspect. */
const GRID = 1000;

/**
 * The exact distribution of the boxes that random crops cut, by integration over a fine grid.
 *
 * Area is uniform in the range of scales, the logarithm of the aspect in that of 3/4 to 4/3. A box
 * that does not fit is drawn again, ten times in all; then it is the largest of the middle with an
 * aspect within the range.
 */
export function cropBoxOutcomes(
  [imageWidth, imageHeight]: readonly [number, number],
  { min_scale, max_scale }: { min_scale: number; max_scale: number },
): Outcome[] {
  const counts = new Map<number, number>(); // by width · 2¹⁶ + height
  let accepted = 0;
  for (let i = 0; i < GRID; i++) {
    const scale = min_scale + (max_scale - min_scale) * (i + 0.5) / GRID;
    for (let j = 0; j < GRID; j++) {
      const root = Math.pow(4 / 3, (2 * (j + 0.5) / GRID - 1) / 2); // of the aspect
      const side = Math.sqrt(imageWidth * imageHeight * scale);
      const [width, height] = [Math.round(side * root), Math.round(side / root)];
      if (width > imageWidth || height > imageHeight) continue;
      accepted++;
      const key = width * 2 ** 16 + height;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const misfit = (1 - accepted / GRID ** 2) ** 10;
  const drawn = [...counts].map(([key, count]) => ({
    width: Math.floor(key / 2 ** 16),
    height: key % 2 ** 16,
    probability: (1 - misfit) * count / accepted,
    middle: false,
  }));
  const width = Math.min(imageWidth, Math.round(imageHeight * 4 / 3));
  const height = Math.min(imageHeight, Math.round(imageWidth * 4 / 3));
  return [...drawn, { width, height, probability: misfit, middle: true }];
}

/** Mean, deviation and quantiles of a quantity over outcomes. */
export function distributionOf(outcomes: Outcome[], quantity: (outcome: Outcome) => number) {
  const pairs = outcomes.map((each) => [quantity(each), each.probability] as const)
    .sort((a, b) => a[0] - b[0]);
  const mean = pairs.reduce((sum, [value, p]) => sum + p * value, 0);
  const variance = pairs.reduce((sum, [value, p]) => sum + p * (value - mean) ** 2, 0);
  /** The least value that a share `p` does not pass, and the exact share: values have atoms. */
  const quantile = (p: number) => {
    let [share, at] = [0, 0];
    while (share < p && at < pairs.length) share += pairs[at++][1];
    const value = pairs[at - 1][0];
    while (at < pairs.length && pairs[at][0] === value) share += pairs[at++][1];
    return { value, share };
  };
  return { mean, deviation: Math.sqrt(variance), quantile };
}

/** Which tenth of its free way a box begins in, 0 to 9. */
export function tenthOf(start: number, free: number): number {
  return Math.floor(10 * (start + 0.5) / (free + 1));
}

/** Probability of each tenth: uniform over the whole pixels that are free. */
export function tenthProbabilities(outcomes: Outcome[], free: (outcome: Outcome) => number) {
  const tenths = new Float64Array(10);
  const byFree = new Map<number, number>();
  for (const outcome of outcomes) {
    const room = free(outcome);
    if (outcome.middle) tenths[tenthOf(room >> 1, room)] += outcome.probability;
    else byFree.set(room, (byFree.get(room) ?? 0) + outcome.probability);
  }
  for (const [room, probability] of byFree) {
    for (let start = 0; start <= room; start++) {
      tenths[tenthOf(start, room)] += probability / (room + 1);
    }
  }
  return tenths;
}
