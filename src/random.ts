/** Counter-based random numbers: streams that are pure functions of seed, purpose and counters. */

/** One Philox4x32-10 block: four words of counter, two of key, four of output. */
export function philox4x32(
  counter: ArrayLike<number>,
  key: ArrayLike<number>,
  out: Uint32Array,
): void {
  let [x0, x1, x2, x3] = [counter[0] | 0, counter[1] | 0, counter[2] | 0, counter[3] | 0];
  let [k0, k1] = [key[0] | 0, key[1] | 0];
  for (let round = 0; round < 10; round++) {
    // The high words of 0xd2511f53 · x0 and 0xcd9e8d57 · x2, from 16-bit halves.
    const a = x0 & 0xffff;
    const b = x0 >>> 16;
    let t = Math.imul(a, 0x1f53);
    let mid = Math.imul(b, 0x1f53) + (t >>> 16);
    let low = Math.imul(a, 0xd251) + (mid & 0xffff);
    const high0 = (Math.imul(b, 0xd251) + (mid >>> 16) + (low >>> 16)) | 0;

    const c = x2 & 0xffff;
    const d = x2 >>> 16;
    t = Math.imul(c, 0x8d57);
    mid = Math.imul(d, 0x8d57) + (t >>> 16);
    low = Math.imul(c, 0xcd9e) + (mid & 0xffff);
    const high1 = (Math.imul(d, 0xcd9e) + (mid >>> 16) + (low >>> 16)) | 0;

    const low0 = Math.imul(x0, 0xd2511f53);
    const low1 = Math.imul(x2, 0xcd9e8d57);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/**
 * Random numbers from one keyed stream; {@linkcode randomStream} makes it.
 *
 * The bulk methods give the same numbers as as many calls of the single ones.
 */
export class RandomStream {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array; // words 0 and 1 count blocks, 2 and 3 belong to the key
  readonly #block = new Uint32Array(4);
  #used = 4;
  #spare = NaN; // second half of a Box-Muller pair

  constructor(key: Uint32Array) {
    this.#key = key.slice(0, 2);
    this.#counter = Uint32Array.of(0, 0, key[2], key[3]);
  }

  #word(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      if (++this.#counter[0] === 0) this.#counter[1]++;
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** A number in [0, 1), a multiple of 2⁻²⁴, so that float32 holds it exactly. */
  uniform(): number {
    return (this.#word() >>> 8) * 2 ** -24;
  }

  /** A number in [lo, hi). */
  range(lo: number, hi: number): number {
    return lo + (hi - lo) * this.uniform();
  }

  /** A standard normal number (Box-Muller). */
  normal(): number {
    if (this.#spare === this.#spare) {
      const spare = this.#spare;
      this.#spare = NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.#word() + 0.5) * 2 ** -32));
    const angle = this.#word() * (2 * Math.PI * 2 ** -32);
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * A normal number of deviation `std` that lies in the absolute interval [lo, hi].
   *
   * @throws {RangeError} If 0 does not lie between `lo` and `hi`.
   */
  truncatedNormal(std: number, lo = -2, hi = 2): number {
    if (!(lo <= 0 && 0 <= hi && lo < hi)) {
      throw new RangeError(
        `Cannot draw a truncated normal: lo and hi must enclose 0, got [${lo}, ${hi}]`,
      );
    }
    for (;;) {
      const value = std * this.normal();
      if (value >= lo && value <= hi) return value;
    }
  }

  /**
   * An integer in 0..n-1, each equally likely.
   *
   * @throws {RangeError} If `n` is not an integer in 1..2³².
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Cannot draw an integer: n must be an integer in 1..2^32, got ${n}`);
    }
    const fair = 2 ** 32 - 2 ** 32 % n;
    for (;;) {
      const word = this.#word();
      if (word < fair) return word % n;
    }
  }

  /** True with probability `p`. */
  bool(p: number): boolean {
    return this.uniform() < p;
  }

  /** Shuffles `array` in place and returns it. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [array[i], array[j]] = [array[j], array[i]];
    }
    return array;
  }

  /** The numbers 0..n-1 in random order. */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /** Fills `out` with numbers in [lo, hi). */
  fillUniform(out: Float32Array, lo = 0, hi = 1): void {
    for (let i = 0; i < out.length; i++) out[i] = this.range(lo, hi);
  }

  /** Fills `out` with normal numbers. */
  fillNormal(out: Float32Array, std = 1, mean = 0): void {
    for (let i = 0; i < out.length; i++) out[i] = mean + std * this.normal();
  }

  /** Fills `out` as {@linkcode truncatedNormal} draws. */
  fillTruncatedNormal(out: Float32Array, std: number, lo = -2, hi = 2): void {
    for (let i = 0; i < out.length; i++) out[i] = this.truncatedNormal(std, lo, hi);
  }
}

/**
 * The stream of random numbers for one purpose: a pure function of its arguments.
 *
 * Nothing has to be saved for a resumed run: it asks for the same streams again.
 *
 * @example
 * ```ts
 * import { randomStream } from "./random.ts";
 *
 * const [epoch, item] = [3, 17];
 * const stream = randomStream(0, "views", epoch, item);
 * const flip = stream.bool(0.5);
 * ```
 *
 * @param seed Seed of the run, an integer of at most 53 bits.
 * @param purpose What the numbers are for; other purposes are independent of it.
 * @param counters Integers of at most 53 bits, such as epoch, step or item.
 */
export function randomStream(seed: number, purpose: string, ...counters: number[]): RandomStream {
  const words: number[] = [purpose.length, counters.length];
  for (const value of [seed, ...counters]) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(
        `Cannot make a random stream: seed and counters must be integers, got ${value}`,
      );
    }
    words.push(value >>> 0, Math.floor(value / 2 ** 32) >>> 0);
  }
  for (let i = 0; i < purpose.length; i += 2) {
    words.push(
      purpose.charCodeAt(i) | (i + 1 < purpose.length ? purpose.charCodeAt(i + 1) << 16 : 0),
    );
  }
  if (words.length % 2 === 1) words.push(0);

  // Each pair of words keys one block over the state: Philox used as a hash (Davies-Meyer).
  const state = new Uint32Array(4);
  const block = new Uint32Array(4);
  for (let i = 0; i < words.length; i += 2) {
    philox4x32(state, [words[i], words[i + 1]], block);
    for (let j = 0; j < 4; j++) state[j] ^= block[j];
  }
  return new RandomStream(state);
}
