// Whether the losses of one precision lie within the seed spread of another's.

/** Losses by step of runs with two precisions, a curve for each seed. */
export interface PrecisionCurves {
  seeds: number[];
  /** Of 32-true. */
  full: number[][];
  /** Of 16-mixed. */
  mixed: number[][];
  /** Steps that 16-mixed skipped, and the loss scale it came to, by seed. */
  skipped: number[];
  scales: number[];
}

/** Steps that are averaged: a single step's loss is that of one batch. */
export const WINDOW = 20;

/** A stretch of steps: the seed spread of 32-true, and what 16-mixed has there. */
export interface Stretch {
  /** The step in its middle. */
  step: number;
  /** Lowest, mean and highest of the seeds of 32-true. */
  low: number;
  full: number;
  high: number;
  /** By seed, and their mean. */
  mixedBySeed: number[];
  mixed: number;
}

export interface Verdict {
  /** Whether the mean of 16-mixed lies within the spread in every stretch. */
  within: boolean;
  text: string;
}

/** Averages curves over stretches of {@linkcode WINDOW} steps. */
export function stretchesOf({ full, mixed }: PrecisionCurves): Stretch[] {
  const count = Math.floor(full[0].length / WINDOW);
  return Array.from({ length: count }, (_, i) => {
    const at = (losses: readonly number[]) => mean(losses.slice(i * WINDOW, (i + 1) * WINDOW));
    const [fullBySeed, mixedBySeed] = [full.map(at), mixed.map(at)];
    return {
      step: (i + 0.5) * WINDOW,
      low: Math.min(...fullBySeed),
      full: mean(fullBySeed),
      high: Math.max(...fullBySeed),
      mixedBySeed,
      mixed: mean(mixedBySeed),
    };
  });
}

/** Holds the curves of 16-mixed against the seed spread of 32-true. */
export function comparePrecisions(curves: PrecisionCurves): Verdict {
  const stretches = stretchesOf(curves);
  const outside = stretches.filter(({ low, high, mixed }) => mixed < low || mixed > high);
  const rms = (values: number[]) => Math.sqrt(mean(values.map((value) => value ** 2)));
  const apart = rms(stretches.map(({ mixed, full }) => mixed - full));
  const spread = mean(stretches.map(({ low, high }) => high - low));
  const last = stretches.at(-1)!;
  const within = outside.length === 0;
  return {
    within,
    text: [
      `16-mixed over ${curves.seeds.length} seeds lies ${
        within ? "" : "NOT "
      }within the spread of ` +
      `32-true: in ${stretches.length - outside.length} of ${stretches.length} stretches of ` +
      `${WINDOW} steps`,
      `the means are ${apart.toFixed(4)} apart (RMS), the seeds of 32-true ${spread.toFixed(4)}`,
      `the last stretch: 16-mixed ${last.mixed.toFixed(4)}, 32-true ${last.full.toFixed(4)} ` +
      `(${last.low.toFixed(4)} to ${last.high.toFixed(4)})`,
      `skipped steps: ${curves.skipped.join(", ")}; loss scale at the end: ` +
      curves.scales.join(", "),
    ].join("\n"),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
