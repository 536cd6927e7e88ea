import { existsSync, readFileSync } from "node:fs";
import { AppendFile } from "../../files/append_file.ts";

/** The time of day as every line has it, of the machine's own clock: `2026-03-01 14:05:59`. */
export function timeText(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${date} ${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":")}`;
}

/** How far the machine's clock is from UTC, such as `UTC+01:00`. */
export function zoneText(now: Date): string {
  const minutes = -now.getTimezoneOffset();
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/**
 * A text file of lines with a time each, handed to the system as they come: a run that is killed
 * loses none. An earlier file is added to.
 */
export class LogFile implements Disposable {
  readonly #file: AppendFile;

  constructor(path: string) {
    const before = existsSync(path) ? readFileSync(path) : new Uint8Array();
    this.#file = new AppendFile(path);
    if (before.length > 0 && before.at(-1) !== 10) this.#file.append("\n"); // cut off by a kill
  }

  /** Writes text, a time before each of its lines. */
  write(text: string, now: Date): void {
    const time = timeText(now);
    const lines = text.split("\n").map((line) => `${time}  ${line}`.trimEnd() + "\n");
    this.#file.append(lines.join(""));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
