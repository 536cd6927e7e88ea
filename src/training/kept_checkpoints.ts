import type { CallbackArgs } from "../config/callback_args.ts";
import { SafetensorsFile } from "../safetensors_file.ts";

/** A checkpoint on disk, by what its name says. */
export interface CheckpointFile {
  path: string;
  /** Optimizer steps done. */
  step: number;
  epoch: number;
}

/** Which checkpoints are kept. */
export type KeepPolicy = Pick<
  CallbackArgs["model_checkpoint"],
  "save_top_k" | "monitor" | "mode"
>;

/** What the name of a checkpoint says; undefined for any other file. */
export function readCheckpointName(name: string): Omit<CheckpointFile, "path"> | undefined {
  const match = /^epoch=(\d+)-step=(\d+)\.safetensors$/.exec(name);
  return match === null ? undefined : { epoch: Number(match[1]), step: Number(match[2]) };
}

/**
 * The checkpoints that need not be kept once that of step `newest` is safe on the disk.
 *
 * Kept are the `save_top_k` best by `monitor`, or without one the newest; the newest, which `last`
 * names; and the one before it, so that there is another to fall back to if the newest turns out
 * damaged. What lies after `newest` is of a course that the run has left: it was resumed from an
 * earlier step.
 */
export async function toRemove(
  files: readonly CheckpointFile[],
  newest: number,
  { save_top_k, monitor, mode }: KeepPolicy,
): Promise<CheckpointFile[]> {
  const byAge = files.filter(({ step }) => step <= newest).sort((a, b) => b.step - a.step);
  const kept = new Set(save_top_k === -1 ? byAge : byAge.slice(0, 2));
  const best = monitor === null ? byAge : await byScore(byAge, monitor, mode);
  for (const file of best.slice(0, Math.max(0, save_top_k))) kept.add(file);
  return files.filter((file) => !kept.has(file));
}

/** Best first, newer first among equals; those without a score come last. */
async function byScore(
  byAge: readonly CheckpointFile[],
  monitor: string,
  mode: KeepPolicy["mode"],
): Promise<CheckpointFile[]> {
  const scored = await Promise.all(byAge.map(async (file) => {
    const score = await scoreOf(file.path, monitor);
    const loss = mode === "min" ? score : -score;
    return { file, loss: Number.isNaN(loss) ? Infinity : loss };
  }));
  return scored.sort((a, b) => a.loss === b.loss ? 0 : a.loss - b.loss).map(({ file }) => file);
}

/** The metric as it was in the step before the checkpoint; NaN where the file does not tell. */
async function scoreOf(path: string, monitor: string): Promise<number> {
  try {
    await using file = await SafetensorsFile.open(path);
    return Number(JSON.parse(file.metadata.metrics)[monitor] ?? NaN);
  } catch {
    return NaN; // damaged, or written by an older version
  }
}
