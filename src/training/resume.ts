import { readFile } from "node:fs/promises";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import { loadCheckpoint, type StepMemory } from "./checkpoint.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import type { TrainStep } from "./step.ts";

/**
 * Restores the last checkpoint of a run; where it is damaged the one before, and says so.
 *
 * @returns Where the run stood, and the numbers of its last step.
 * @throws {CheckpointError} If none is whole: names each with its fault. Also if the one that is
 * whole is of another model, which no other would mend.
 */
export async function restoreRun(
  folder: RunFolder,
  step: TrainStep,
  memory: StepMemory,
  observer: RunObserver,
): ReturnType<typeof loadCheckpoint> {
  const path = await firstWhole(folder, observer);
  return await loadCheckpoint(path, step, memory);
}

/** The first checkpoint in the order to try that holds what was written. */
async function firstWhole(folder: RunFolder, observer: RunObserver): Promise<string> {
  const faults: string[] = [];
  for (const path of await folder.resumable()) {
    try {
      await using file = await SafetensorsFile.open(path);
      if (!await file.verify()) {
        observer.onMessage?.(`"${path}" was written without a hash: it cannot be verified`);
      }
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      faults.push(error.message);
      continue;
    }
    for (const fault of faults) observer.onMessage?.(fault);
    if (faults.length > 0) observer.onMessage?.(`going on from the checkpoint before, "${path}"`);
    return path;
  }
  throw new CheckpointError(
    `Cannot resume: a checkpoint in "${folder.checkpoints}" must be whole, got none; bring one ` +
      "back from a copy, or start anew with overwrite=true" +
      faults.map((fault) => `\n  ${fault}`).join(""),
  );
}

/**
 * The settings of the run in a folder: those it was started with last.
 *
 * @returns Undefined where neither `config.json` nor a checkpoint tells.
 */
export async function settingsIn(folder: RunFolder): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(folder.config, "utf8"));
  } catch {
    // Lost, or cut off by a crash: checkpoints have them as well.
  }
  for (const path of await folder.resumable()) {
    try {
      await using file = await SafetensorsFile.open(path);
      return JSON.parse(file.metadata.config);
    } catch {
      // The one before may tell.
    }
  }
  return undefined;
}
