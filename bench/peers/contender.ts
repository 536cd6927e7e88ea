import type { Duration } from "../support/duration.ts";
import { linesOf } from "./lines.ts";
import { type Introduction, MARK, type Request } from "./protocol.ts";
import type { Task } from "./work.ts";

/** Longest wait for one answer: the first run of a large kernel compiles for seconds. */
const PATIENCE_MS = 180_000;

/** A peer as the bench sees it: a process that is asked and answers. */
export class Contender {
  readonly #child: Deno.ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #complaint: Promise<string>;
  readonly #patienceMs: number;
  introduction!: Introduction;

  private constructor(readonly name: string, child: Deno.ChildProcess, patienceMs: number) {
    this.#child = child;
    this.#answers = answersIn(child.stdout)[Symbol.asyncIterator]();
    this.#complaint = lastLine(child.stderr);
    this.#patienceMs = patienceMs;
  }

  /**
   * Starts a peer and waits for its introduction.
   *
   * @throws {Error} Why it cannot take part.
   */
  static async start(
    name: string,
    [program, ...args]: readonly [string, ...string[]],
    { env = {}, patienceMs = PATIENCE_MS }: {
      env?: Record<string, string>;
      patienceMs?: number;
    } = {},
  ): Promise<Contender> {
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const child = new Deno.Command(program, { args, env, ...stdio }).spawn();
    const contender = new Contender(name, child, patienceMs);
    try {
      contender.introduction = await contender.#answer();
    } catch (error) {
      await contender.stop();
      throw error;
    }
    return contender;
  }

  /** Has it make itself ready, and compute its results once. @throws {Error} Why it cannot. */
  async prepare(task: Task): Promise<void> {
    await this.#ask({ ask: "prepare", task });
  }

  /** Has it run some times. */
  run(repeats: number): Promise<Duration> {
    return this.#ask({ ask: "run", repeats });
  }

  /** Has it free what it prepared. */
  async drop(): Promise<void> {
    await this.#ask({ ask: "drop" });
  }

  /** Ends its process. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
  }

  async #ask<Answer>(request: Request): Promise<Answer> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    } catch {
      // The answer that does not come tells why.
    } finally {
      writer.releaseLock();
    }
    return await this.#answer();
  }

  async #answer<Answer>(): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_, reject) => {
      const message = `gave no answer within ${this.#patienceMs / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), this.#patienceMs);
    });
    try {
      const { value, done } = await Promise.race([this.#answers.next(), silence]);
      if (done) throw new Error(await this.#complaint || "ended without a word");
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* answersIn(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  for await (const line of linesOf(stdout)) {
    if (line.startsWith(MARK)) yield line.slice(MARK.length);
  }
}

async function lastLine(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let last = "";
  for await (const line of linesOf(stderr)) last = line.trim() || last;
  return last.slice(0, 300);
}
