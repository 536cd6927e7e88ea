import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "../safetensors.ts";

/** Files of a run's folder that hold a backbone, the better one first. */
const RUN_FILES = ["checkpoints/last.safetensors", "exported_models/exported_last.safetensors"];

/**
 * The file of weights that is meant by its own path, or by the folder of a run.
 *
 * @returns undefined if a model's name is meant, such as `dinov2/vittest`.
 * @throws {CheckpointError} If there is no such file.
 */
export async function weightsFile(checkpoint: string): Promise<string | undefined> {
  const found = await stat(checkpoint).catch(() => undefined);
  if (found?.isFile()) return checkpoint;
  if (found === undefined && checkpoint.startsWith("dinov2/")) return undefined;
  for (const file of found === undefined ? [] : RUN_FILES) {
    const path = join(checkpoint, file);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new CheckpointError(
    `Cannot open "${checkpoint}": it must be a file of weights, the folder of a run, or a model ` +
      `such as dinov2/vittest, got ${found === undefined ? "nothing there" : "another folder"}`,
  );
}
