import { ConfigError } from "../config/config_error.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import { settingsIn } from "./resume.ts";
import { RunFolder } from "./run_folder.ts";
import type { TrainResult } from "./run_loop.ts";
import { train, type TrainHooks } from "./train.ts";

/** A group of settings by name. */
type Settings = Record<string, unknown>;

/**
 * Goes on with the run in a folder as it was set up; what is changed is told as a message.
 *
 * @example
 * ```ts
 * import { resumeRun } from "./resume_run.ts";
 *
 * async function goOn() {
 *   const { steps } = await resumeRun("out/first", { onMessage: console.log }, { steps: 2000 });
 *   return steps;
 * }
 * ```
 *
 * @param changes Settings that are to be others from now on.
 * @throws {ConfigError} If there is no run, or the settings do not fit; all that `train` throws.
 */
export async function resumeRun(
  out: string,
  hooks: TrainHooks = {},
  changes: Partial<TrainOptions> = {},
): Promise<TrainResult> {
  return await train(await resumedConfig(out, changes), hooks);
}

/**
 * The configuration to go on with the run in a folder: the one that it wrote down, with changes.
 *
 * @throws {ConfigError} If there is no such run, or the settings do not fit.
 */
export async function resumedConfig(
  out: string,
  changes: Partial<TrainOptions> | Settings = {},
): Promise<TrainConfig> {
  const before = await settingsIn(new RunFolder(out));
  if (before === undefined) {
    throw new ConfigError([{
      key: "out",
      message: `must be the folder of a run, with its config.json or a checkpoint, got "${out}"; ` +
        "name another, or write train with all settings and resume_interrupted=true",
    }]);
  }
  const fixed = { out, resume_interrupted: true, overwrite: false };
  return resolveConfig(merged(before, { ...lengthOf(changes), ...changes, ...fixed }));
}

/** A run is as long as its steps or its epochs: the one that is told replaces the other. */
function lengthOf({ steps, epochs }: Settings): Settings {
  if (steps !== undefined && steps !== null) return { epochs: "auto" };
  return epochs === undefined ? {} : { steps: null };
}

/** Settings with others in their place, group by group. */
function merged(before: Settings, changes: Settings): Settings {
  const result = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const old = before[name];
    result[name] = isGroup(old) && isGroup(value) ? merged(old, value) : value;
  }
  return result;
}

function isGroup(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
