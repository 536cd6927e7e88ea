/** A smooth function and its gradient at a point. */
export interface Evaluated {
  value: number;
  gradient: Float64Array;
}

/** What {@linkcode minimize} found. */
export interface Minimum {
  x: Float64Array;
  value: number;
  /** Steps that were taken. */
  iterations: number;
  /** Whether the gradient is as small as it was to become, rather than steps or digits used up. */
  converged: boolean;
}

/** When {@linkcode minimize} is done, and what it knows of the function. */
export interface MinimizeOptions {
  /** The length of the gradient at which it is done. */
  tolerance: number;
  maxIterations: number;
  /** Multiplies with about the inverse of the Hessian: the better, the fewer steps. */
  precondition: (v: Float64Array) => Float64Array;
}

/** Steps that curvature is remembered of. */
const MEMORY = 10;

/** A step must bring this share of what the slope promises, and leave at most this share of it. */
const [DECREASE, CURVATURE] = [1e-4, 0.9];

/** Share of a value that may be due to its rounding: that of sums in float32. */
const ROUNDING = 1e-6;

/** Tries of one line search. */
const TRIES = 15;

/** A step taken, and how the gradient changed on it. */
interface Pair {
  s: Float64Array;
  y: Float64Array;
  sy: number;
}

/**
 * Minimizes a smooth function by L-BFGS (Nocedal, Wright 2006, algorithm 7.5), with a line search
 * by bisection for the weak Wolfe conditions (Lewis, Overton 2013).
 *
 * @param evaluate The function; may be computed in less precision than its values are kept in.
 * @param start Where to begin; it is not changed.
 */
export async function minimize(
  evaluate: (x: Float64Array) => Promise<Evaluated>,
  start: Float64Array,
  { tolerance, maxIterations, precondition }: MinimizeOptions,
): Promise<Minimum> {
  let x: Float64Array = start.slice();
  let at = await evaluate(x);
  const pairs: Pair[] = [];
  let iterations = 0;
  while (iterations < maxIterations && norm(at.gradient) > tolerance) {
    const direction = descent(at.gradient, pairs, precondition);
    const next = await lineSearch(evaluate, x, at, direction);
    if (next === undefined) break; // no digits are left to get lower with
    const s = next.x.map((value, i) => value - x[i]);
    const y = next.at.gradient.map((value, i) => value - at.gradient[i]);
    const sy = dot(s, y);
    if (sy > 1e-12 * norm(s) * norm(y)) pairs.push({ s, y, sy });
    if (pairs.length > MEMORY) pairs.shift();
    ({ x, at } = next);
    iterations++;
  }
  return { x, value: at.value, iterations, converged: norm(at.gradient) <= tolerance };
}

/** Minus the gradient times the inverse Hessian, as far as the pairs tell of it. */
function descent(
  gradient: Float64Array,
  pairs: readonly Pair[],
  precondition: (v: Float64Array) => Float64Array,
): Float64Array {
  let d: Float64Array = gradient.map((value) => -value);
  const alphas = pairs.toReversed().map(({ s, y, sy }) => {
    const alpha = dot(s, d) / sy;
    addScaled(d, y, -alpha);
    return alpha;
  }).reverse();
  d = precondition(d);
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = last.sy / dot(last.y, precondition(last.y));
    for (let i = 0; i < d.length; i++) d[i] *= scale;
  }
  pairs.forEach(({ s, y, sy }, i) => addScaled(d, s, alphas[i] - dot(y, d) / sy));
  return d;
}

/** A point along `direction` that is lower and less steep, if there is one in a few tries. */
async function lineSearch(
  evaluate: (x: Float64Array) => Promise<Evaluated>,
  x: Float64Array,
  { value, gradient }: Evaluated,
  direction: Float64Array,
): Promise<{ x: Float64Array; at: Evaluated } | undefined> {
  const slope = dot(gradient, direction);
  let [low, high, step] = [0, Infinity, 1];
  let lower: { x: Float64Array; at: Evaluated } | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const there = x.slice();
    addScaled(there, direction, step);
    const at = await evaluate(there);
    const slopeThere = dot(at.gradient, direction);
    // Where values differ by their rounding alone, slopes tell more (Hager, Zhang 2005).
    const isLower = at.value <= value + DECREASE * step * slope ||
      (at.value <= value + ROUNDING * Math.abs(value) && slopeThere <= (2 * DECREASE - 1) * slope);
    if (!isLower) high = step;
    else {
      lower = { x: there, at };
      if (slopeThere >= CURVATURE * slope) return lower;
      low = step;
    }
    step = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return lower;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The length of a vector. */
export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

function addScaled(into: Float64Array, x: Float64Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * x[i];
}
