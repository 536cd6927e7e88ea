/** Most splits where each has a workgroup for every few columns: enough to fill a large GPU. */
const MAX_SPLITS = 256;

/** Fewest rows that are worth a split of their own. */
const MIN_ROWS = 32;

/** Splits come in fours, as the kernels add them up. */
const AT_ONCE = 4;

/**
 * Into how many parts the rows of a column sum are cut; each part is summed by itself, and the last
 * ones may be empty.
 *
 * @param options `most`: largest number of parts, a multiple of 4; `minRows`: fewest rows of one.
 */
export function rowSplits(rows: number, { most = MAX_SPLITS, minRows = MIN_ROWS } = {}): number {
  const splits = Math.ceil(rows / (minRows * AT_ONCE)) * AT_ONCE;
  return Math.max(AT_ONCE, Math.min(most, splits));
}
