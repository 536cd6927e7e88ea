import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { AppendFile } from "../files/append_file.ts";

/** One line of a metrics file: the step, counted from 0, and its numbers by name. */
export interface MetricsRow {
  step: number;
  [name: string]: number;
}

/**
 * The metrics of a run as JSON lines, one a step, handed to the system as they come: a run that is
 * killed loses none.
 *
 * @example
 * ```ts
 * import { MetricsFile } from "./metrics_file.ts";
 *
 * const path = await Deno.makeTempFile();
 * {
 *   using metrics = new MetricsFile(path);
 *   metrics.onStep({ step: 0, train_loss: 11.7 });
 * }
 * console.log(await Deno.readTextFile(path)); // {"step":0,"train_loss":11.7}
 * ```
 */
export class MetricsFile {
  readonly #file: AppendFile;

  /**
   * Opens `path` to append to it.
   *
   * @param resumedStep The step a resumed run starts with: rows from it on, and a last line that
   * was cut off, are dropped, for the run writes them again.
   */
  constructor(path: string, resumedStep = Infinity) {
    if (existsSync(path)) keepRowsBefore(path, resumedStep);
    this.#file = new AppendFile(path);
  }

  /** @throws {Error} If the system refuses it, as on a full disk; names the file. */
  onStep(row: MetricsRow): void {
    this.#file.append(JSON.stringify(row) + "\n");
  }

  /** The rows before a checkpoint outlive a power cut as it does. */
  onCheckpoint(): void {
    this.#file.sync();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** Reads the whole rows of a metrics file; a last line that was cut off is left out. */
export function readMetrics(path: string): MetricsRow[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as MetricsRow);
}

function keepRowsBefore(path: string, step: number): void {
  const kept = readMetrics(path).filter((row) => row.step < step);
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, kept.map((row) => JSON.stringify(row) + "\n").join(""));
  renameSync(temporary, path);
}
