import type { Neighbours } from "./nearest.ts";

/** Softness of the votes: that of DINO's evaluation. */
export const TEMPERATURE = 0.07;

/** Shares of the queries whose class is the first guess, or among the first five. */
export interface Accuracy {
  top1: number;
  top5: number;
}

/** What the neighbours of labelled queries say of their classes. */
export interface KnnResult extends Accuracy {
  /** The first guess for each query. */
  guesses: Uint32Array;
}

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
): KnnResult {
  const firstGuesses = new Uint32Array(truth.length);
  const votes = new Float64Array(classes);
  const guesses = Math.min(5, k);
  let [top1, top5] = [0, 0];
  for (let query = 0; query < truth.length; query++) {
    castVotes(neighbours, query, labels, { k, temperature }, votes);
    const right = truth[query];
    const rank = right < classes ? rankOf(votes, right) : Infinity;
    if (rank === 0) top1++;
    if (rank < guesses) top5++;
    firstGuesses[query] = votes.reduce((best, vote, i) => vote > votes[best] ? i : best, 0);
  }
  return { top1: top1 / truth.length, top5: top5 / truth.length, guesses: firstGuesses };
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

/** How many classes are guessed before one; of equal ones the first comes first. */
function rankOf(votes: Float64Array, label: number): number {
  let before = 0;
  for (let other = 0; other < votes.length; other++) {
    const isAhead = votes[other] > votes[label] ||
      (votes[other] === votes[label] && other < label);
    if (isAhead) before++;
  }
  return before;
}
