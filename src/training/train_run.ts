import type { StopSignal } from "../stop_signal.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { RunObserver } from "./observer.ts";
import type { TrainResult } from "./run_loop.ts";

/** Starts the run that a handle is for. */
type Start = (observer: RunObserver, signal: StopSignal) => Promise<TrainResult>;

/**
 * A run that is under way: waited for, followed or ended.
 *
 * Waiting for it gives its result. Going through it gives the metrics of every step, from the
 * moment on that somebody asks for them; the loop may be left at any time and the run goes on.
 *
 * @example
 * ```ts
 * import { train } from "./train.ts";
 *
 * async function untilGood() {
 *   await using run = train({ out: "out/a", data: "my_images", model: "dinov2/vittest" });
 *   for await (const { step, train_loss } of run) {
 *     console.log(step, train_loss);
 *     if (train_loss < 5) run.stop(); // after the current step, with a checkpoint
 *   }
 *   return (await run).checkpoint;
 * }
 * ```
 */
export class TrainRun implements AsyncIterable<MetricsRow>, Promise<TrainResult> {
  readonly [Symbol.toStringTag] = "TrainRun";
  /** Where the run ended; rejected with what ended it. */
  readonly result: Promise<TrainResult>;
  // So that the run itself can be waited for.
  readonly then: Promise<TrainResult>["then"];
  readonly catch: Promise<TrainResult>["catch"];
  readonly finally: Promise<TrainResult>["finally"];
  readonly #followers = new Set<Follower>();
  #stopped = false;

  /** @param signal Ends the run too, after the current step. */
  constructor(start: Start, signal?: StopSignal) {
    const onStep = (row: MetricsRow) => this.#followers.forEach((each) => each.push(row));
    const stopped = () => this.#stopped || (signal?.aborted ?? false);
    this.result = start({ onStep }, {
      get aborted() {
        return stopped();
      },
    });
    this.then = this.result.then.bind(this.result);
    this.catch = this.result.catch.bind(this.result);
    this.finally = this.result.finally.bind(this.result);
  }

  /** Ends the run after the current step, with a checkpoint to resume from. */
  stop(): void {
    this.#stopped = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MetricsRow, void> {
    const follower = new Follower();
    this.#followers.add(follower);
    const end = () => follower.end();
    this.result.then(end, end);
    try {
      while (!follower.ended) {
        await follower.more();
        yield* follower.take();
      }
      yield* follower.take(); // what came with the end, while the last ones were looked at
      await this.result; // what ended the run ends the loop
    } finally {
      this.#followers.delete(follower);
    }
  }

  /** Ends the run, and waits until everything of it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.result.catch(() => {}); // who wants to know waits for the result
  }
}

/** Somebody who goes through the metrics of a run. */
class Follower {
  #rows: MetricsRow[] = [];
  #wake = Promise.withResolvers<void>();
  ended = false;

  push(row: MetricsRow): void {
    this.#rows.push(row);
    this.#wake.resolve();
  }

  end(): void {
    this.ended = true;
    this.#wake.resolve();
  }

  /** The rows since the last call. */
  take(): MetricsRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Until there are rows, or the end. */
  async more(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<void>();
  }
}
