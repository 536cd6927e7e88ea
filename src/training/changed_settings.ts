import type { TrainConfig } from "../config/train_config.ts";

/** Settings and groups that say where, how long or how fast a run goes, not what it computes. */
const FREE: ReadonlySet<string> = new Set([
  "out",
  "weights",
  "epochs",
  "steps",
  "num_workers",
  "cache_memory",
  "cache_disk",
  "overwrite",
  "resume_interrupted",
  "log_every_num_steps",
  "profile",
  "accelerator",
  "autotune",
  "devices",
  "activation_checkpoint_args",
  "loggers",
  "callbacks",
]);

/**
 * What a resumed run is told otherwise than before, a line such as `seed was 0, is 1` for each
 * setting; the length of a run and what its numbers do not depend on may change freely.
 *
 * @param before Settings of the run so far, as its folder has them.
 */
export function changedSettings(before: unknown, now: TrainConfig): string[] {
  const [old, current] = [leavesOf(before), leavesOf(now)];
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((key) => !FREE.has(key.split(".")[0]) && old.get(key) !== current.get(key))
    .map((key) => `${key} was ${old.get(key) ?? "not set"}, is ${current.get(key) ?? "not set"}`);
}

/** Every single value by its dotted name, as JSON. */
function leavesOf(value: unknown, path = ""): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new Map(value === undefined ? [] : [[path, JSON.stringify(value)]]);
  }
  const prefix = path === "" ? "" : `${path}.`;
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [...leavesOf(inner, prefix + name)]),
  );
}
