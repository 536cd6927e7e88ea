import { rankMe } from "../eval/rank_me.ts";

/** What the rows of steps whose features are looked at have beside the others. */
export const FEATURE_METRICS = ["feature_std", "effective_rank"] as const;

/** How far apart features are, whatever their lengths. */
export interface FeatureStats {
  /** Deviation of a coordinate over the rows, times √dim: about 1 if they point anywhere, 0 if all alike. */
  std: number;
  /** How many directions they fill: from 1, all alike, to the number of rows or coordinates. */
  effectiveRank: number;
}

/**
 * Says whether features have collapsed.
 *
 * @param features `[rows, dim]`; a row is scaled to length 1 first.
 */
export function featureStats(features: Float32Array, dim: number): FeatureStats {
  const rows = features.length / dim;
  const unit = unitRows(features, dim);
  let variance = 0;
  for (let col = 0; col < dim; col++) {
    let [sum, sumSquares] = [0, 0];
    for (let row = 0; row < rows; row++) sum += unit[row * dim + col];
    for (let row = 0; row < rows; row++) sumSquares += (unit[row * dim + col] - sum / rows) ** 2;
    variance += sumSquares / rows;
  }
  return { std: Math.sqrt(variance), effectiveRank: rankMe(unit, dim) };
}

function unitRows(features: Float32Array, dim: number): Float64Array {
  const unit = Float64Array.from(features);
  for (let start = 0; start < unit.length; start += dim) {
    const row = unit.subarray(start, start + dim);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) { for (let col = 0; col < dim; col++) row[col] /= norm; }
  }
  return unit;
}
