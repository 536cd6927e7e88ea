/** Shares of images whose class is the first guess, or among the first five. */
export interface Accuracy {
  top1: number;
  top5: number;
}

/** How right the guesses for some images are. */
export interface Guessed extends Accuracy {
  /** The first guess for each image. */
  guesses: Uint32Array;
}

/** Counts how often the class of an image is guessed first, or among the first few. */
export class GuessTally {
  readonly #guesses: number[] = [];
  #first = 0;
  #among = 0;

  /** @param few How many guesses of an image count. */
  constructor(readonly few = 5) {}

  /**
   * @param scores Of each class; one that is not finite makes no guess right.
   * @param label The right class; beyond `scores` for one that nobody can know.
   */
  add(scores: ArrayLike<number>, label: number): void {
    const rank = rankOf(scores, label);
    if (rank === 0) this.#first++;
    if (rank < this.few) this.#among++;
    let best = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
    this.#guesses.push(best);
  }

  get result(): Guessed {
    const images = this.#guesses.length;
    return {
      top1: this.#first / images,
      top5: this.#among / images,
      guesses: Uint32Array.from(this.#guesses),
    };
  }
}

/** How many classes are guessed before one; of equal ones the first comes first. */
function rankOf(scores: ArrayLike<number>, label: number): number {
  const own = scores[label];
  if (!Number.isFinite(own)) return Infinity;
  let before = 0;
  for (let other = 0; other < scores.length; other++) {
    const isAhead = scores[other] > own || (scores[other] === own && other < label);
    if (isAhead) before++;
  }
  return before;
}
