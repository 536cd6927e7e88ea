/** Rows and columns of a grid of patches. */
export type Grid = readonly [rows: number, columns: number];

/** How the position embedding of one grid becomes that of another. */
export interface PosInterpolation {
  /** The stored grid. */
  from: Grid;
  /** The grid of a view. */
  to: Grid;
  /** Added to the new size where the sampling step is computed; 0: none. DINOv2 itself has 0.1. */
  offset: number;
  /** Widens the filter when shrinking. */
  antialias: boolean;
}

/** Weights over the stored positions of one axis, for each new position: `[to, from]`. */
type AxisWeights = Float64Array[];

/**
 * The linear map from stored position embeddings to those of another grid: bicubic, half-pixel
 * centres, borders clamped. Entry 0, the class token's, passes unchanged.
 *
 * @example
 * ```ts
 * const map = posInterpolation({ from: [2, 2], to: [1, 1], offset: 0, antialias: false });
 * console.log(map); // [2, 5]: 1 0 0 0 0, then 0 and four times 0.25
 * ```
 *
 * @returns `[1 + to, 1 + from]` row-major, computed in float64; null where both grids are the same
 * and nothing is resampled.
 */
export function posInterpolation(
  { from, to, offset, antialias }: PosInterpolation,
): Float32Array | null {
  if (from[0] === to[0] && from[1] === to[1]) return null;
  const weights = antialias ? antialiasedWeights : clampedWeights;
  const rowWeights = weights(from[0], to[0], from[0] / (to[0] + offset));
  const colWeights = weights(from[1], to[1], from[1] / (to[1] + offset));
  const columns = 1 + from[0] * from[1];
  const map = new Float32Array((1 + to[0] * to[1]) * columns);
  map[0] = 1;
  rowWeights.forEach((alongRows, row) =>
    colWeights.forEach((alongCols, col) => {
      const start = (1 + row * to[1] + col) * columns + 1;
      alongRows.forEach((rowWeight, fromRow) =>
        alongCols.forEach((colWeight, fromCol) => {
          map[start + fromRow * from[1] + fromCol] = rowWeight * colWeight;
        })
      );
    })
  );
  return map;
}

/**
 * Position embeddings `[1 + from, dim]` of a stored grid as those `[1 + to, dim]` of another;
 * themselves where the grids are the same.
 */
export function resamplePositions(
  stored: Float32Array<ArrayBuffer>,
  dim: number,
  interpolation: PosInterpolation,
): Float32Array<ArrayBuffer> {
  const map = posInterpolation(interpolation);
  if (map === null) return stored;
  const columns = stored.length / dim;
  const rows = map.length / columns;
  const resampled = new Float32Array(rows * dim);
  const sums = new Float64Array(dim);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let column = 0; column < columns; column++) {
      const weight = map[row * columns + column];
      if (weight === 0) continue; // of all but a few
      for (let d = 0; d < dim; d++) sums[d] += weight * stored[column * dim + d];
    }
    resampled.set(sums, row * dim);
  }
  return resampled;
}

/** Four taps around each new position; those beyond the border fall on the border. */
function clampedWeights(from: number, to: number, step: number): AxisWeights {
  return Array.from({ length: to }, (_, i) => {
    const weights = new Float64Array(from);
    const center = step * (i + 0.5) - 0.5;
    const first = Math.floor(center) - 1;
    for (let tap = first; tap < first + 4; tap++) {
      weights[Math.min(Math.max(tap, 0), from - 1)] += cubic(tap - center, -0.75);
    }
    return weights;
  });
}

/** A filter as wide as the sampling step, cut at the border and normalized. */
function antialiasedWeights(from: number, to: number, step: number): AxisWeights {
  const stretch = Math.max(step, 1);
  return Array.from({ length: to }, (_, i) => {
    const weights = new Float64Array(from);
    const center = step * (i + 0.5);
    const first = Math.max(Math.floor(center - 2 * stretch + 0.5), 0);
    const end = Math.min(Math.floor(center + 2 * stretch + 0.5), from);
    let sum = 0;
    for (let tap = first; tap < end; tap++) {
      weights[tap] = cubic((tap + 0.5 - center) / stretch, -0.5);
      sum += weights[tap];
    }
    return weights.map((weight) => weight / sum);
  });
}

/** Keys' cubic convolution kernel, 0 beyond a distance of 2. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}
