import type { Neighbours } from "./nearest.ts";

/**
 * The neighbours of vectors among themselves without each one itself.
 *
 * @param found One neighbour more than there are to be, of queries that are the vectors.
 */
export function leaveOneOut({ k, indices, similarities }: Neighbours): Neighbours {
  const kept = k - 1;
  const rows = indices.length / k;
  const others = {
    indices: new Uint32Array(rows * kept),
    similarities: new Float32Array(rows * kept),
  };
  for (let row = 0; row < rows; row++) {
    const found = indices.subarray(row * k, (row + 1) * k);
    const own = found.indexOf(row);
    const out = own < 0 ? kept : own; // not there, as others are just as near: the last goes
    for (let i = 0; i < kept; i++) {
      const from = row * k + (i < out ? i : i + 1);
      others.indices[row * kept + i] = indices[from];
      others.similarities[row * kept + i] = similarities[from];
    }
  }
  return { k: kept, ...others };
}
