import type { Channel } from "./command_line.ts";
import { Progress } from "./progress.ts";

/** Shows how many of some images, or of what `unit` says, are done, once their number is known. */
export class ImageProgress {
  #progress: Progress | undefined;

  constructor(readonly output: Channel, readonly unit: "image" | "fit" = "image") {}

  onImages(done: number, totalSteps: number): void {
    const logEverySteps = Math.max(1, Math.ceil(totalSteps / 10));
    this.#progress ??= new Progress({
      totalSteps,
      unit: this.unit,
      batchSize: this.unit === "image" ? 1 : null,
      logEverySteps,
      output: this.output,
    });
    this.#progress.update(done - 1, {});
  }

  finish(): void {
    this.#progress?.finish();
  }
}
