import { EventFile } from "../../tensorboard/event_file.ts";
import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver } from "../observer.ts";
import { isLoggedStep } from "./logged_steps.ts";

/**
 * Writes the metrics as TensorBoard events: every n-th step, the first and the last, and those after
 * which the run was evaluated, so that the file of a long run stays small.
 *
 * Each session of a run writes a file of its own. A resumed one says at which step it goes on, and
 * TensorBoard drops what an earlier session wrote from there on: the run stays one curve.
 */
export class TensorBoardLog implements RunObserver {
  readonly #events: EventFile;
  #unwritten: MetricsRow | undefined;

  /**
   * @param folder Where the file is made.
   * @param startStep First step of this session.
   * @param always Metrics whose rows are written whatever the step.
   */
  constructor(
    folder: string,
    readonly everySteps: number,
    startStep: number,
    readonly always: readonly string[] = [],
  ) {
    this.#events = new EventFile(folder);
    if (startStep > 0) this.#events.write(startStep, { kind: "restart" });
  }

  onStep(row: MetricsRow): void {
    this.#unwritten = row;
    const isWritten = this.always.some((name) => name in row);
    if (isWritten || isLoggedStep(row.step, this.everySteps)) this.#write();
  }

  onEnd(): void {
    this.#write();
  }

  [Symbol.dispose](): void {
    this.#events[Symbol.dispose]();
  }

  #write(): void {
    if (this.#unwritten === undefined) return;
    const { step, ...scalars } = this.#unwritten;
    this.#unwritten = undefined;
    this.#events.write(step, { kind: "scalars", scalars });
  }
}
