import { randomStream } from "../random.ts";

/** Rounds after which components that still turn are taken as they are. */
const MAX_ROUNDS = 300;
/** Turn of a component in a round, as 1 − |cosine|, below which it counts as found. */
const TOLERANCE = 1e-12;

/** What of a component stays in a round that adds nothing to it. */
const FADING = 1e-80;

/** The directions of the greatest variance, and where each row lies along them. */
export interface PrincipalComponents {
  /** Of length 1 and orthogonal, the greatest first: `[count, width]`. */
  components: Float64Array[];
  /** Of the centered rows: `[rows, count]`. */
  scores: Float64Array;
}

/**
 * Principal components of rows, by orthogonal iteration in float64: it needs two passes over the
 * rows a round and no covariance matrix. The entry of a component that is greatest in size is
 * positive, so that the same rows give the same signs.
 *
 * @param rows `[rows, width]`, at least one.
 * @param count At most `width`.
 */
export function principalComponents(
  rows: Float32Array,
  width: number,
  count: number,
): PrincipalComponents {
  const centered = centeredRows(rows, width);
  let components = startComponents(width, count);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const scores = project(centered, components);
    const next = orthonormal(spread(centered, scores, components));
    const turn = Math.max(...next.map((each, i) => 1 - Math.abs(dot(each, components[i]))));
    components = next;
    if (turn < TOLERANCE) break;
  }
  components.forEach(fixSign);
  return { components, scores: project(centered, components) };
}

function centeredRows(rows: Float32Array, width: number): Float64Array {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  rows.forEach((value, i) => mean[i % width] += value / count);
  return Float64Array.from(rows, (value, i) => value - mean[i % width]);
}

function startComponents(width: number, count: number): Float64Array[] {
  const stream = randomStream(0, "pca");
  return orthonormal(
    Array.from(
      { length: count },
      () => Float64Array.from({ length: width }, () => stream.range(-1, 1)),
    ),
  );
}

/** Where rows lie along components, `[rows, components]`. */
function project(rows: Float64Array, components: Float64Array[]): Float64Array {
  const width = components[0].length;
  const scores = new Float64Array(rows.length / width * components.length);
  for (let start = 0, at = 0; start < rows.length; start += width) {
    for (const component of components) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += rows[start + i] * component[i];
      scores[at++] = sum;
    }
  }
  return scores;
}

/** Rows added up, each as much as its score says: the covariance times each component. */
function spread(rows: Float64Array, scores: Float64Array, components: Float64Array[]) {
  const width = components[0].length;
  return components.map((component, c) => {
    // A little of what there was: rows without variance in so many directions keep it.
    const sum = component.map((value) => value * FADING);
    for (let start = 0, at = c; start < rows.length; start += width, at += components.length) {
      for (let i = 0; i < width; i++) sum[i] += rows[start + i] * scores[at];
    }
    return sum;
  });
}

/** Makes vectors orthogonal and of length 1, one after another. */
function orthonormal(vectors: Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    for (let pass = 0; pass < 2; pass++) { // the second takes off what rounding left
      for (const other of done) {
        const along = dot(vector, other);
        for (let i = 0; i < vector.length; i++) vector[i] -= along * other[i];
      }
      const length = Math.sqrt(dot(vector, vector));
      if (length > 0) { for (let i = 0; i < vector.length; i++) vector[i] /= length; }
    }
    done.push(vector);
  }
  return done;
}

function fixSign(component: Float64Array): void {
  const greatest = component.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a);
  if (greatest < 0) component.forEach((value, i) => component[i] = -value);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
