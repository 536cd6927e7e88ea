/** Recorded passes that are kept; each takes memory for its activations. */
const KEPT_PASSES = 2;

/** The passes that were used last, by what they were recorded for; they run one after another. */
export class PassCache<Pass extends Disposable> implements Disposable {
  readonly #passes = new Map<string, Pass>(); // least recently used first
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Works with the pass of this key, which is built if it is not there, once all that was asked for
   * before is done: a pass has one place for its images and for what comes of them.
   */
  run<Kind extends Pass, Result>(
    key: string,
    build: () => Promise<Kind>,
    work: (pass: Kind) => Promise<Result>,
  ): Promise<Result> {
    const turn = this.#last.then(async () => await work(await this.#get(key, build)));
    this.#last = turn.catch(() => {}); // told to who asked for it
    return turn;
  }

  async #get<Kind extends Pass>(key: string, build: () => Promise<Kind>): Promise<Kind> {
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
