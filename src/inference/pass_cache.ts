/** Recorded passes that are kept; each takes memory for its activations. */
const KEPT_PASSES = 2;

/** The passes that were used last, by what they were recorded for. */
export class PassCache<Pass extends Disposable> implements Disposable {
  readonly #passes = new Map<string, Pass>(); // least recently used first

  /** The pass of this key, which is built if it is not there. */
  async get<Kind extends Pass>(key: string, build: () => Promise<Kind>): Promise<Kind> {
    const pass = this.#passes.get(key) as Kind | undefined ?? await build();
    this.#passes.delete(key);
    this.#passes.set(key, pass);
    const [oldest] = this.#passes.keys();
    if (this.#passes.size > KEPT_PASSES) {
      this.#passes.get(oldest)![Symbol.dispose]();
      this.#passes.delete(oldest);
    }
    return pass;
  }

  [Symbol.dispose](): void {
    for (const pass of this.#passes.values()) pass[Symbol.dispose]();
  }
}
