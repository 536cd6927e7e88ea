import type { Channel } from "./command_line.ts";
import { formatDuration } from "./progress.ts";

const BAR_WIDTH = 20;
/** Milliseconds between two redraws of the terminal line. */
const REDRAW_MS = 100;

/**
 * Shows how far a download, or the writing of a large file, is: one rewritten line on a terminal, ten plain lines elsewhere.
 *
 * @example
 * ```ts
 * import { processContext } from "./command_line.ts";
 * import { DownloadLine } from "./download_line.ts";
 *
 * const line = new DownloadLine(processContext().err);
 * line.update(5e6, 20e6);
 * line.update(20e6, 20e6);
 * ```
 */
export class DownloadLine {
  readonly #output: Channel;
  readonly #clock: () => number;
  #first: { ms: number; bytes: number } | undefined;
  #drawnMs = -Infinity;
  #tenths = 0;
  #open = false;

  constructor(output: Channel, clock = () => performance.now()) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Reports bytes that are there, of so many. */
  update(done: number, total: number): void {
    const ms = this.#clock();
    this.#first ??= { ms, bytes: done };
    const text = this.#text(done, total, ms);
    if (this.#output.style.terminal) {
      if (done < total && ms - this.#drawnMs < REDRAW_MS) return;
      const bar = "━".repeat(Math.floor(BAR_WIDTH * done / total)).padEnd(BAR_WIDTH, "─");
      this.#output.write(`\r\x1b[K${bar}  ${text}`);
      [this.#drawnMs, this.#open] = [ms, true];
      if (done === total) this.finish();
    } else {
      const tenths = Math.floor(10 * done / total);
      if (tenths > this.#tenths) this.#output.write(`${text}\n`);
      this.#tenths = tenths;
    }
  }

  /** Ends the rewritten line, so that what follows starts on a new one. */
  finish(): void {
    if (this.#open) this.#output.write("\n");
    this.#open = false;
  }

  #text(done: number, total: number, ms: number): string {
    const since = this.#first!;
    const perMs = ms > since.ms ? (done - since.bytes) / (ms - since.ms) : 0;
    const left = perMs > 0
      ? `  ${(perMs / 1000).toFixed(1)} MB/s  eta ${formatDuration((total - done) / perMs)}`
      : ""; // nothing to go by yet
    return `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB${left}`;
  }
}
