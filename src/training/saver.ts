import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import { VERSION } from "../version.ts";
import { plainArgs } from "../views/plain_view.ts";
import { exportedConfig } from "../weights/exported_config.ts";
import { exportTeacher, saveCheckpoint } from "./checkpoint.ts";
import { finiteOnly } from "./finite_memory.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import { sortedJson } from "./sorted_json.ts";
import type { Trainer } from "./trainer.ts";

/** Writes checkpoints of a run when they are due, and removes those that need not be kept. */
export class Saver {
  constructor(
    readonly trainer: Trainer,
    readonly folder: RunFolder,
    readonly observer: RunObserver,
    /** The step of the newest checkpoint; 0 before there is one. */
    public lastStep: number,
  ) {}

  /** Whether a checkpoint is to be written after so many steps. */
  isDue(stepsDone: number): boolean {
    const { every_n_train_steps: steps, every_n_epochs: epochs } = this.#settings;
    const byStep = steps !== null && stepsDone % steps === 0;
    const turns = (step: number) => Math.floor(this.trainer.epochAt(step) / epochs!);
    return byStep || epochs !== null && turns(stepsDone) > turns(stepsDone - 1);
  }

  /**
   * Writes everything that a run needs to go on; returns the file.
   *
   * @param metrics The numbers of the last step, if there was one.
   * @throws {CheckpointError} If it cannot be written.
   * @throws {TrainingError} If a value is not finite; the checkpoints before stay.
   */
  async save(stepsDone: number, metrics?: MetricsRow): Promise<string> {
    const { step, runner, config } = this.trainer;
    const epoch = this.trainer.epochAt(stepsDone);
    const path = this.folder.checkpoint(epoch, stepsDone);
    const { save_last, save_top_k, monitor, mode } = this.#settings;
    const last = save_last ? this.folder.lastCheckpoint : null;
    const memory = finiteOnly(runner, stepsDone);
    const notes = { step: stepsDone, epoch, config, metrics };
    await saveCheckpoint({ file: path, last }, step, memory, notes);
    this.lastStep = stepsDone;
    await this.folder.prune(stepsDone, { save_top_k, monitor, mode });
    this.observer.onCheckpoint?.({ path, step: stepsDone, epoch });
    return path;
  }

  /** Writes the teacher's backbone, and beside it what others need to know to load it. */
  async export(stepsDone: number): Promise<string> {
    const { step, runner, config } = this.trainer;
    const { model } = step.shape;
    const views = config.transform_args;
    const path = this.folder.exportedLast;
    await exportTeacher(path, step, runner, {
      format: "denodino-backbone/1",
      step: String(stepsDone),
      model: JSON.stringify(model),
      views: JSON.stringify(plainArgs(views)),
    });
    const described = exportedConfig({ model, views, step: stepsDone, version: VERSION });
    const { exportedConfig: beside } = this.folder;
    await writeWhole(beside, sortedJson(described) + "\n")
      .catch((error) => Promise.reject(writeRefused(beside, error)));
    this.observer.onExport?.({ path, step: stepsDone });
    return path;
  }

  get #settings() {
    return this.trainer.config.callbacks.model_checkpoint;
  }
}
