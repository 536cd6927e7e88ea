import type { Sample, Stopwatch } from "./stopwatch.ts";

/** Times of a variant; the least of them is what counts: other programs only add. */
const ROUNDS = 3;

/** Most repeats of a sample. */
const MAX_REPEATS = 64;

/**
 * Milliseconds that each variant takes: they take turns, so that a clock that rises, or a program
 * that comes and goes, weighs on all.
 *
 * @param variants Dispatches by the name of their variant.
 */
export async function timeVariants(
  variants: ReadonlyMap<string, Sample["dispatches"]>,
  stopwatch: Stopwatch,
): Promise<Map<string, number>> {
  const once = [...variants.values()].map((dispatches) => ({ dispatches, repeats: 1 }));
  await stopwatch.time(once); // the first run compiles
  const estimates = await stopwatch.time(once);
  const samples = once.map(({ dispatches }, i) => {
    const repeats = Math.ceil(stopwatch.sampleMs / Math.max(estimates[i], 1e-3));
    return { dispatches, repeats: Math.max(1, Math.min(repeats, MAX_REPEATS)) };
  });
  const rounds = await stopwatch.time(Array.from({ length: ROUNDS }, () => samples).flat());
  return new Map(
    [...variants.keys()].map((name, i) => {
      const own = rounds.filter((_, index) => index % samples.length === i);
      return [name, Math.min(...own)];
    }),
  );
}

/** What a variant must gain on the built-in one to be taken: less may be chance. */
const MIN_GAIN = 0.03;

/** The fastest variant; the first one if none is clearly faster. */
export function fastestOf(times: ReadonlyMap<string, number>): string {
  const [[builtIn, builtInMs]] = times;
  const [name, ms] = [...times].reduce((best, each) => each[1] < best[1] ? each : best);
  return ms < (1 - MIN_GAIN) * builtInMs ? name : builtIn;
}
