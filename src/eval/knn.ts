import { type Guessed, GuessTally } from "./guess_tally.ts";
import type { Neighbours } from "./nearest.ts";

/** Softness of the votes: that of DINO's evaluation. */
export const TEMPERATURE = 0.07;

/**
 * Classifies queries by a vote of their `k` nearest neighbours, each with the weight
 * exp(similarity / temperature), as DINO's evaluation does. The first five guesses are only among
 * `k` of them where `k` is less.
 *
 * @param neighbours At least `k` for each query; of fewer vectors all vote.
 * @param labels The class of each vector that neighbours are among.
 * @param truth The class of each query; `classes` or more for one that no vector has.
 */
export function knnClassify(
  neighbours: Neighbours,
  labels: Uint32Array,
  truth: Uint32Array,
  { k, classes, temperature = TEMPERATURE }: { k: number; classes: number; temperature?: number },
): Guessed {
  const votes = new Float64Array(classes);
  const tally = new GuessTally(Math.min(5, k));
  for (let query = 0; query < truth.length; query++) {
    castVotes(neighbours, query, labels, { k, temperature }, votes);
    tally.add(votes, truth[query]);
  }
  return tally.result;
}

function castVotes(
  { k: kept, indices, similarities }: Neighbours,
  query: number,
  labels: Uint32Array,
  { k, temperature }: { k: number; temperature: number },
  votes: Float64Array,
): void {
  votes.fill(0);
  const nearest = similarities[query * kept];
  for (let i = 0; i < Math.min(k, kept); i++) {
    const at = query * kept + i;
    // Less the greatest, which leaves shares as they are: not all of them may vanish.
    votes[labels[indices[at]]] += Math.exp((similarities[at] - nearest) / temperature);
  }
}
