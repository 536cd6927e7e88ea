import { createHash } from "node:crypto";
import type { TrainConfig } from "../config/train_config.ts";
import type { NonFiniteError } from "./metrics.ts";
import type { RunFolder } from "./run_folder.ts";
import { writeWhole } from "../files/write_whole.ts";

/**
 * Writes down what a step was made of whose numbers were not finite, so that it can be run again:
 * everything else follows from the seed and the step.
 *
 * @param lastStep The step of the checkpoint to resume from.
 * @returns The error to end the run with, which names the file.
 */
export async function failedStep(
  error: NonFiniteError,
  folder: RunFolder,
  config: TrainConfig,
  lastStep: number,
): Promise<NonFiniteError> {
  const { step, term, value, batches } = error;
  const report = {
    step,
    term,
    value: String(value), // JSON has no NaN
    seed: config.seed,
    resumes_at_step: lastStep,
    config_sha256: createHash("sha256").update(JSON.stringify(config)).digest("hex"),
    micro_batches: batches,
  };
  try {
    await writeWhole(folder.failedStep, JSON.stringify(report, null, 2) + "\n");
    error.message += `; ${folder.failedStep} names the images of the step`;
  } catch (cause) {
    error.message += `; ${folder.failedStep} cannot be written: ${(cause as Error).message}`;
  }
  if (step === lastStep && step > 0) {
    error.message += `; it is the first after the checkpoint: if it fails again, remove ` +
      `${folder.lastCheckpoint} and epoch=*-step=${step}.safetensors to go on from the one before`;
  }
  return error;
}
