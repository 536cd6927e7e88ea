import { exportTeacher, saveCheckpoint } from "./checkpoint.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Trainer } from "./trainer.ts";

/** Writes checkpoints of a run; keeps the newest. */
export class Saver {
  constructor(
    readonly trainer: Trainer,
    readonly folder: RunFolder,
    readonly observer: RunObserver,
  ) {}

  /** Writes everything that a run needs to go on; returns the file. */
  async save(stepsDone: number): Promise<string> {
    const { step, runner, config, loader } = this.trainer;
    const micro = stepsDone * step.shape.accumulationSteps;
    const epoch = Math.floor(micro / loader.batchesPerEpoch);
    const path = this.folder.checkpoint(epoch, stepsDone);
    const paths = { file: path, last: this.folder.lastCheckpoint };
    await saveCheckpoint(paths, step, runner, { step: stepsDone, epoch }, config);
    await this.folder.keepOnly(path);
    this.observer.onCheckpoint?.({ path, step: stepsDone, epoch });
    return path;
  }

  /** Writes the teacher's backbone. */
  async export(stepsDone: number): Promise<void> {
    const { step, runner } = this.trainer;
    await exportTeacher(this.folder.exportedLast, step, runner, {
      format: "denodino-backbone/1",
      step: String(stepsDone),
      model: JSON.stringify(step.shape.model),
    });
  }
}
