import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { AppendFile } from "../files/append_file.ts";
import { encodeEvent, type EventContent } from "./event.ts";
import { frameRecord } from "./record.ts";

/** Begins the name of every event file; TensorBoard looks for it. */
export const EVENT_FILE_PREFIX = "events.out.tfevents.";

/** Files of this process so far, which ends a name. */
let opened = 0;

/**
 * A new TensorBoard event file in a folder; each event is handed to the system as it comes.
 *
 * @example
 * ```ts
 * import { EventFile } from "./event_file.ts";
 *
 * using events = new EventFile(await Deno.makeTempDir());
 * events.write(0, { kind: "scalars", scalars: { train_loss: 11.7 } });
 * ```
 */
export class EventFile implements Disposable {
  readonly path: string;
  readonly #file: AppendFile;

  constructor(folder: string) {
    const name = [secondsFor(folder), hostname(), process.pid, opened++].join(".");
    this.path = join(folder, EVENT_FILE_PREFIX + name);
    this.#file = new AppendFile(this.path, true);
    this.write(0, { kind: "version" });
  }

  /** Writes one event, with the time of now. */
  write(step: number, content: EventContent): void {
    this.#file.append(frameRecord(encodeEvent(Date.now() / 1000, step, content)));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/**
 * The time in the name of a folder's next file. Readers go by the order of the names, so it is later
 * than that of any file there, even if the clock was put back.
 */
function secondsFor(folder: string): number {
  const earlier = readdirSync(folder).filter((name) => name.startsWith(EVENT_FILE_PREFIX))
    .map((name) => Number.parseInt(name.slice(EVENT_FILE_PREFIX.length), 10))
    .filter(Number.isFinite);
  return Math.max(Math.floor(Date.now() / 1000), ...earlier.map((seconds) => seconds + 1));
}
