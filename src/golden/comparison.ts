import type { Elem } from "../gpu/kernel.ts";
import { ALLOWED, type Allowed, type Kind, NOISE_FACTOR } from "./allowed.ts";
import { type PixelDifference, pixelDifference } from "./pixel_difference.ts";
import { farthest, type Sampled } from "./sampled.ts";

/** A tolerance of a quantity's own, or that of its kind. */
export type Tolerance = Allowed | Kind;

/** One compared quantity. */
export interface Compared {
  name: string;
  /** What was found and what is allowed, as printed. */
  findings: string;
  passed: boolean;
  /** Share of its tolerance that it takes; null where nothing is tolerated. */
  share: number | null;
  /** Largest difference over the largest magnitude expected; null where that means nothing. */
  maxRelative: number | null;
}

/** Compares quantities one by one and prints a line for each. */
export class Comparison {
  readonly results: Compared[] = [];
  readonly #print: (line: string) => void;
  readonly #elem: Elem;

  /** @param elem How activations are stored by what is compared. */
  constructor(print: (line: string) => void = console.log, elem: Elem = "f32") {
    this.#print = print;
    this.#elem = elem;
  }

  /** The tolerance as numbers. */
  allowed(tolerance: Tolerance): Allowed {
    return typeof tolerance === "string" ? ALLOWED[this.#elem][tolerance] : tolerance;
  }

  /** Compares values with the reference's; differing lengths and non-finite values fail. */
  check(
    name: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    limits: Tolerance,
  ): void {
    const { absolute = 0, relative = 0, noise = 0 } = this.allowed(limits);
    let largest = 0, maxAbsolute = 0;
    for (let i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      const difference = Math.abs(actual[i] - expected[i]);
      // A NaN must not lose against any number.
      maxAbsolute = difference <= maxAbsolute ? maxAbsolute : difference;
    }
    if (actual.length !== expected.length) maxAbsolute = Infinity;
    const tolerance = Math.max(absolute, relative * largest, NOISE_FACTOR[this.#elem] * noise);
    const passed = maxAbsolute <= tolerance;
    const maxRelative = maxAbsolute === 0 ? 0 : maxAbsolute / largest;
    const [abs, rel, tol] = [maxAbsolute, maxRelative, tolerance].map(exponential);
    const findings = `abs ${abs}  rel ${rel}  tolerance ${tol}`;
    const share = tolerance === 0 ? null : maxAbsolute / tolerance;
    this.#add({ name, findings, passed, share, maxRelative });
  }

  /** Compares pixels with the reference's: their mean difference, what 99.9 % keep, the greatest. */
  checkPixels(
    name: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    allowed: PixelDifference,
  ): void {
    const found = pixelDifference(actual, expected);
    const kinds = ["mean", "quantile", "max"] as const;
    const passed = kinds.every((kind) => found[kind] <= allowed[kind]);
    const shares = kinds.filter((kind) => allowed[kind] > 0)
      .map((kind) => found[kind] / allowed[kind]);
    const [is, may] = [found, allowed].map(({ mean, quantile, max }) =>
      `mean ${short(mean)}  99.9 % ${short(quantile)}  max ${short(max)}`
    );
    const findings = `${is}  tolerance ${may}`;
    const share = shares.length === 0 ? null : Math.max(...shares);
    this.#add({ name, findings, passed, share, maxRelative: null });
  }

  /** Holds statistics of a sample to so many standard errors; the farthest is printed. */
  checkSampled(name: string, statistics: readonly Sampled[], allowed: number): void {
    const { name: worst, expected, drawn, off } = farthest(statistics);
    const findings =
      `${short(drawn, 5)} for ${short(expected, 5)}  errors ${off.toFixed(2).padStart(5)}` +
      `  tolerance ${allowed}`;
    const share = Math.abs(off) / allowed;
    const full = statistics.length === 1 ? name : `${name} (${worst}, of ${statistics.length})`;
    this.#add({ name: full, findings, passed: share <= 1, share, maxRelative: null });
  }

  /** Counts a recorded quantity that nothing was compared with as failed. */
  missed(name: string): void {
    const [abs, tol] = [Infinity, 0].map(exponential);
    const findings = `abs ${abs}  rel ${abs}  tolerance ${tol}`;
    const full = `${name} (recorded, but never compared)`;
    this.#add({ name: full, findings, passed: false, share: null, maxRelative: Infinity });
  }

  #add(result: Compared): void {
    this.results.push(result);
    this.#print(`${result.passed ? "PASS" : "FAIL"}  ${result.findings}  ${result.name}`);
  }

  /** Quantities that were out of tolerance. */
  get failed(): number {
    return this.results.filter(({ passed }) => !passed).length;
  }

  /** Prints what came nearest to failing, and the count: `N passed, N failed` last. */
  summarize(): void {
    const worst = greatest(this.results, ({ maxRelative }) => maxRelative);
    if (worst && worst.maxRelative !== 0) {
      this.#print(`worst relative error: ${worst.maxRelative!.toExponential(2)}, ${worst.name}`);
    }
    const nearest = greatest(this.results, ({ share }) => share);
    if (nearest) {
      const percent = (100 * nearest.share!).toFixed(0);
      this.#print(`nearest to its tolerance: ${nearest.name} (${percent} % of it)`);
    }
    this.#print(`${this.results.length - this.failed} passed, ${this.failed} failed`);
  }
}

function exponential(value: number): string {
  return value.toExponential(2).padStart(9);
}

/** A few digits, in a column. */
function short(value: number, digits = 3): string {
  const plain = value === 0 || Math.abs(value) >= 1e-3;
  return (plain ? String(Number(value.toPrecision(digits))) : value.toExponential(digits - 1))
    .padStart(8);
}

function greatest(
  results: readonly Compared[],
  valueOf: (result: Compared) => number | null,
): Compared | undefined {
  return results.filter((result) => valueOf(result) !== null)
    .sort((a, b) => valueOf(b)! - valueOf(a)!)[0];
}
