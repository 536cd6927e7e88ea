import type { Channel } from "./command_line.ts";
import { Progress } from "./progress.ts";

/** Shows how many of some images are done, as soon as their number is known. */
export class ImageProgress {
  #progress: Progress | undefined;

  constructor(readonly output: Channel) {}

  onImages(done: number, totalSteps: number): void {
    const logEverySteps = Math.max(1, Math.ceil(totalSteps / 10));
    this.#progress ??= new Progress({
      totalSteps,
      unit: "image",
      batchSize: 1,
      logEverySteps,
      output: this.output,
    });
    this.#progress.update(done - 1, {});
  }

  finish(): void {
    this.#progress?.finish();
  }
}
