import { rename, writeFile } from "node:fs/promises";
import { VERSION } from "../version.ts";
import { exportedConfig } from "../weights/exported_config.ts";
import { exportTeacher, saveCheckpoint } from "./checkpoint.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import { sortedJson } from "./sorted_json.ts";
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

  /** Writes the teacher's backbone, and beside it what others need to know to load it. */
  async export(stepsDone: number): Promise<string> {
    const { step, runner, config } = this.trainer;
    const { model } = step.shape;
    const path = this.folder.exportedLast;
    await exportTeacher(path, step, runner, {
      format: "denodino-backbone/1",
      step: String(stepsDone),
      model: JSON.stringify(model),
    });
    const views = config.transform_args;
    const described = exportedConfig({ model, views, step: stepsDone, version: VERSION });
    await replaceFile(this.folder.exportedConfig, sortedJson(described) + "\n");
    this.observer.onExport?.({ path, step: stepsDone });
    return path;
  }
}

/** Writes a small file so that it is there whole or as it was. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}
