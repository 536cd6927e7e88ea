/** How far a quantity may be from the reference. */
export interface Allowed {
  /** Of the difference itself. */
  absolute?: number;
  /** Relative to the largest magnitude of the expected values. */
  relative?: number;
  /** The reference's own rounding noise: up to four times that is allowed, where it is larger. */
  noise?: number;
}

/** f32 tolerances by kind of quantity. */
export const ALLOWED = {
  loss: { relative: 1e-5 },
  gradient: { relative: 2e-4 },
  activation: { relative: 1e-4 },
  schedule: { relative: 1e-9 },
  parameter: { absolute: 1e-5 },
} as const satisfies Record<string, Allowed>;

const NOISE_FACTOR = 4;

/** One compared quantity. */
export interface Compared {
  name: string;
  maxAbsolute: number;
  /** Largest difference over the largest magnitude expected. */
  maxRelative: number;
  tolerance: number;
  passed: boolean;
}

/** Compares quantities one by one and prints a line for each. */
export class Comparison {
  readonly results: Compared[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = console.log) {
    this.#print = print;
  }

  /** Compares values with the reference's; differing lengths and non-finite values fail. */
  check(
    name: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    { absolute = 0, relative = 0, noise = 0 }: Allowed,
  ): void {
    let largest = 0, maxAbsolute = 0;
    for (let i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      const difference = Math.abs(actual[i] - expected[i]);
      // A NaN must not lose against any number.
      maxAbsolute = difference <= maxAbsolute ? maxAbsolute : difference;
    }
    if (actual.length !== expected.length) maxAbsolute = Infinity;
    const tolerance = Math.max(absolute, relative * largest, NOISE_FACTOR * noise);
    const passed = maxAbsolute <= tolerance;
    const maxRelative = maxAbsolute === 0 ? 0 : maxAbsolute / largest;
    this.#add({ name, maxAbsolute, maxRelative, tolerance, passed });
  }

  /** Counts a recorded quantity that nothing was compared with as failed. */
  missed(name: string): void {
    const [maxAbsolute, maxRelative] = [Infinity, Infinity];
    const result = { maxAbsolute, maxRelative, tolerance: 0, passed: false };
    this.#add({ ...result, name: `${name} (recorded, but never compared)` });
  }

  #add(result: Compared): void {
    const { name, maxAbsolute, maxRelative, tolerance, passed } = result;
    this.results.push(result);
    const [abs, rel, tol] = [maxAbsolute, maxRelative, tolerance].map((x) =>
      x.toExponential(2).padStart(9)
    );
    const verdict = passed ? "PASS" : "FAIL";
    this.#print(`${verdict}  abs ${abs}  rel ${rel}  tolerance ${tol}  ${name}`);
  }

  /** Quantities that were out of tolerance. */
  get failed(): number {
    return this.results.filter(({ passed }) => !passed).length;
  }

  /** Prints what came nearest to failing, and the count: `N passed, N failed` last. */
  summarize(): void {
    const worst = this.results.toSorted((a, b) => b.maxRelative - a.maxRelative)[0];
    if (worst) {
      this.#print(`worst relative error: ${worst.maxRelative.toExponential(2)}, ${worst.name}`);
    }
    const nearest = this.results.filter(({ tolerance }) => tolerance > 0)
      .sort((a, b) => b.maxAbsolute / b.tolerance - a.maxAbsolute / a.tolerance)[0];
    if (nearest) {
      const share = (100 * nearest.maxAbsolute / nearest.tolerance).toFixed(0);
      this.#print(`nearest to its tolerance: ${nearest.name} (${share} % of it)`);
    }
    this.#print(`${this.results.length - this.failed} passed, ${this.failed} failed`);
  }
}
