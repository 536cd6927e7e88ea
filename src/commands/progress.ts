import type { Channel } from "./command_line.ts";

/** What a run is measured by. */
export interface ProgressOptions {
  totalSteps: number;
  /** What a step is called; "step" if left out. */
  unit?: string;
  /** Images of a step; null where a step is not about images. */
  batchSize: number | null;
  /** Steps between two lines where there is no terminal. */
  logEverySteps: number;
  /** Standard error, where progress does not mix with a command's results. */
  output: Channel;
  /** Milliseconds of a steady clock. */
  clock?: () => number;
}

/** Updates that the speed is averaged over: enough to be calm, few enough to follow a change. */
const SPEED_WINDOW = 20;
const BAR_WIDTH = 20;
/** Milliseconds between two redraws of the terminal line. */
const REDRAW_MS = 100;

/**
 * Shows how far a run is: bar, time left, images per second and losses in one rewritten line on a
 * terminal, plain lines elsewhere.
 *
 * @example
 * ```ts
 * import { processContext } from "./command_line.ts";
 * import { Progress } from "./progress.ts";
 *
 * const output = processContext().err;
 * const progress = new Progress({ totalSteps: 2, batchSize: 8, logEverySteps: 1, output });
 * progress.update(0, { loss: 11.7 });
 * progress.update(1, { loss: 11.2 });
 * progress.finish();
 * ```
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #output: Channel;
  readonly #clock: () => number;
  /** Time and steps done at recent updates, oldest first; what came before the first compiles. */
  readonly #marks: { ms: number; done: number }[] = [];
  #line = "";
  #drawnMs = -Infinity;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#output = options.output;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Images per second over the last updates; 0 before the first. */
  get imagesPerSecond(): number {
    return this.#stepsPerMs() * 1000 * (this.#options.batchSize ?? 0);
  }

  /** Reports that `step`, counted from 0, is done; `values` are shown in their order. */
  update(step: number, values: Readonly<Record<string, number>>): void {
    const { totalSteps, logEverySteps } = this.#options;
    const done = step + 1;
    const ms = this.#clock();
    const before = this.#marks.at(-1)?.done ?? step;
    this.#marks.push({ ms, done });
    if (this.#marks.length > SPEED_WINDOW + 1) this.#marks.shift();

    const last = done === totalSteps;
    if (this.#output.style.terminal) {
      this.#line = this.#terminalLine(done, values);
      if (last || ms - this.#drawnMs >= REDRAW_MS) this.#draw(ms);
    } else if (last || done === 1 || spans(before, done, logEverySteps)) {
      this.#output.write(`${this.#words(done, values).join("  ")}\n`);
    }
  }

  /** Shows what goes on between two steps, in the place of the bar; only on a terminal. */
  aside(text: string): void {
    if (!this.#output.style.terminal) return;
    this.#line = text;
    const ms = this.#clock();
    if (ms - this.#drawnMs >= REDRAW_MS) this.#draw(ms);
  }

  /** Prints a line of its own, above the bar on a terminal. */
  message(text: string): void {
    if (this.#line === "") {
      this.#output.write(`${text}\n`);
    } else {
      this.#output.write(`\r\x1b[K${text}\n${this.#line}`);
    }
  }

  /** Ends the rewritten line, so that what follows starts on a new one. */
  finish(): void {
    if (this.#line === "") return;
    this.#draw(this.#clock());
    this.#output.write("\n");
    this.#line = "";
  }

  #draw(ms: number): void {
    this.#output.write(`\r\x1b[K${this.#line}`);
    this.#drawnMs = ms;
  }

  #words(done: number, values: Readonly<Record<string, number>>): string[] {
    const { totalSteps, unit = "step", batchSize } = this.#options;
    const speed = this.#stepsPerMs(); // 0 where there is nothing to go by yet
    const left = speed > 0 ? [`eta ${formatDuration((totalSteps - done) / speed)}`] : [];
    if (speed > 0 && batchSize !== null) left.push(`${formatRate(this.imagesPerSecond)} images/s`);
    return [
      `${unit} ${String(done).padStart(String(totalSteps).length)}/${totalSteps}`,
      ...left,
      ...Object.entries(values).map(([name, value]) => `${name} ${formatValue(value)}`),
    ];
  }

  /** The bar and as many whole words as fit. */
  #terminalLine(done: number, values: Readonly<Record<string, number>>): string {
    const filled = Math.floor(BAR_WIDTH * done / this.#options.totalSteps);
    const [bar, rest] = ["━".repeat(filled), "─".repeat(BAR_WIDTH - filled)];
    let text = "";
    for (const word of this.#words(done, values)) {
      const width = BAR_WIDTH + text.length + 2 + word.length;
      if (width >= this.#output.columns) break; // a full line would wrap, for good
      text += `  ${word}`;
    }
    return this.#output.style.color
      ? `\x1b[36m${bar}\x1b[2m${rest}\x1b[0m${text}`
      : bar + rest + text;
  }

  #stepsPerMs(): number {
    const [first, last] = [this.#marks[0], this.#marks[this.#marks.length - 1]];
    return last && last.ms > first.ms ? (last.done - first.done) / (last.ms - first.ms) : 0;
  }
}

/** Whether a multiple of `every` lies after `before` and up to `done`: steps may come in groups. */
function spans(before: number, done: number, every: number): boolean {
  return Math.floor(done / every) > Math.floor(before / every);
}

/** A duration as `m:ss` or `h:mm:ss`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}

function formatValue(value: number): string {
  const size = Math.abs(value);
  return value === 0 || (size >= 0.01 && size < 10_000) ? value.toFixed(3) : value.toExponential(2);
}
