/** Most splits: enough workgroups to fill a large GPU, few enough to add up in one pass. */
const MAX_SPLITS = 256;

/** Fewest rows that are worth a split of their own. */
const MIN_ROWS = 32;

/** Splits come in fours, as the kernels add them up. */
const AT_ONCE = 4;

/**
 * Into how many parts the rows of a column sum are cut; each part is summed by itself, and the last
 * ones may be empty.
 */
export function rowSplits(rows: number): number {
  const splits = Math.ceil(rows / (MIN_ROWS * AT_ONCE)) * AT_ONCE;
  return Math.max(AT_ONCE, Math.min(MAX_SPLITS, splits));
}
