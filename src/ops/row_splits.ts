/** Most splits: enough workgroups to fill a large GPU, few enough to add up in one pass. */
const MAX_SPLITS = 256;

/** Fewest rows that are worth a split of their own. */
const MIN_ROWS = 32;

/** Into how many parts the rows of a column sum are cut; each part is summed by itself. */
export function rowSplits(rows: number): number {
  return Math.max(1, Math.min(MAX_SPLITS, Math.ceil(rows / MIN_ROWS)));
}
