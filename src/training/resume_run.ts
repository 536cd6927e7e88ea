import { ConfigError } from "../config/config_error.ts";
import { gatherSettings, resolveSettings } from "../config/given_settings.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import { settingsIn } from "./resume.ts";
import { RunFolder } from "./run_folder.ts";
import type { TrainResult } from "./run_loop.ts";
import { train, type TrainHooks } from "./train.ts";

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
 * @param changes Settings that are to be others; not checked before.
 * @throws {ConfigError} If there is no such run, or the settings do not fit.
 */
export async function resumedConfig(
  out: string,
  changes: Partial<TrainOptions> | Record<string, unknown> = {},
): Promise<TrainConfig> {
  const fixed = { out, resume_interrupted: true, overwrite: false };
  const before = await settingsOf(new RunFolder(out));
  return resolveSettings(await gatherSettings([], before, { ...changes, ...fixed }));
}

async function settingsOf(folder: RunFolder): Promise<Record<string, unknown>> {
  const settings = await settingsIn(folder);
  if (settings !== undefined) return settings;
  throw new ConfigError([{
    key: "out",
    message: `must be the folder of a run, with its config.json or a checkpoint, got ` +
      `"${folder.path}"; name another, or write train with all settings and ` +
      "resume_interrupted=true",
  }]);
}
