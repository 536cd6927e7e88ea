import { CholeskyDecomposition, Matrix } from "../deps/ml_matrix.ts";
import type { DeviceOptions } from "../gpu/device.ts";
import { type Guessed, GuessTally } from "./guess_tally.ts";
import { type Evaluated, minimize, type Minimum, norm } from "./lbfgs.ts";
import { withOne } from "./linear_inputs.ts";
import { normalizedRows, rowsOf, type Vectors } from "./nearest.ts";
import { SoftmaxRegression } from "./softmax_regression.ts";

/** A fit is done where the gradient is this share of what it is at weights of 0. */
const TOLERANCE = 1e-4;

/** Products in float32 are wrong by some of this share: less could make a matrix indefinite. */
const ROUNDING = 1e-5;

/** Vectors and their classes; those of nobody's are the count of classes. */
export interface Labelled extends Vectors {
  labels: Uint32Array;
}

/** A fit, and how right its guesses for other vectors are. */
export interface LogregFit extends Minimum {
  c: number;
  guessed: Guessed;
}

/** What fits have in common. */
export interface LogregSettings extends DeviceOptions {
  classes: number;
  maxIterations: number;
  /** Weights to begin with, `[classes, width + 1]`; zeros if left out. */
  start?: Float64Array;
  /** Told how many fits are done. */
  onFits?: (done: number, total: number) => void;
}

/**
 * Fits multinomial logistic regression to vectors of length 1 with a penalty on the squares of the
 * weights, biases apart, and guesses the classes of others.
 *
 * The mean cross-entropy of N vectors, plus |weights|² / (2 c N), is minimized: c is what
 * scikit-learn calls C. Each fit begins where the one before ended.
 *
 * @param cs Strengths to fit with, best in ascending order.
 * @throws {GpuError} If there is no adapter, or the vectors do not fit it.
 */
export async function fitLogreg(
  train: Labelled,
  others: Labelled,
  cs: readonly number[],
  { classes, maxIterations, start, onFits, ...device }: LogregSettings,
): Promise<LogregFit[]> {
  const { labels } = train;
  const sets = { train: unitRows(train), others: unitRows(others) };
  using regression = await SoftmaxRegression.open({ ...sets, labels, classes }, device);
  const { width } = sets.train;
  const rows = rowsOf(train);
  const zeros = new Float64Array(classes * width);
  const tolerance = TOLERANCE * norm((await regression.evaluate(zeros)).gradient);
  const gram = await regression.gram();
  const fits: LogregFit[] = [];
  let weights = start ?? zeros;
  for (const c of cs) {
    const strength = 1 / (c * rows);
    const minimum = await minimize(
      async (x) => penalized(await regression.evaluate(x), x, width, strength),
      weights,
      { tolerance, maxIterations, precondition: newtonStep(gram, width, rows * classes, strength) },
    );
    weights = minimum.x;
    const tally = new GuessTally();
    let at = 0;
    for await (const scores of regression.scores(weights)) tally.add(scores, others.labels[at++]);
    fits.push({ ...minimum, c, guessed: tally.result });
    onFits?.(fits.length, cs.length);
  }
  return fits;
}

/** Adds the penalty; the last of each row is the bias. */
function penalized(
  { value, gradient }: Evaluated,
  weights: Float64Array,
  width: number,
  strength: number,
): Evaluated {
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    if (i % width === width - 1) continue;
    squares += weights[i] ** 2;
    gradient[i] += strength * weights[i];
  }
  return { value: value + strength * squares / 2, gradient };
}

/**
 * Multiplies with the inverse of the Hessian at weights of 0, as if a class did not see the others:
 * the products of columns, divided by `share`, and the penalty.
 */
function newtonStep(gram: Float32Array, width: number, share: number, strength: number) {
  const hessian = new Matrix(width, width);
  let trace = 0;
  for (let i = 0; i < width; i++) trace += gram[i * width + i] / share;
  const jitter = ROUNDING * trace / width;
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      hessian.set(row, column, gram[row * width + column] / share);
    }
    const penalty = row === width - 1 ? 0 : strength;
    hessian.set(row, row, hessian.get(row, row) + penalty + jitter);
  }
  const factors = new CholeskyDecomposition(hessian);
  return (v: Float64Array): Float64Array => {
    const columns = Matrix.from1DArray(v.length / width, width, v).transpose();
    return Float64Array.from(factors.solve(columns).transpose().to1DArray());
  };
}

/** Rows of length 1, and a 1 behind each. */
function unitRows(vectors: Vectors): Vectors {
  const { values, width } = normalizedRows(vectors);
  return { values: withOne(values, width), width: width + 1 };
}
