import { readFile } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import { gatherSettings, resolveSettings } from "../config/given_settings.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { RunFolder } from "../training/run_folder.ts";
import { type CommandContext, examples, EXIT } from "./command_line.ts";
import { train } from "./train.ts";

/** Adds `resume` to the program; `run` returns whether the run came to its end. */
export function addResume(program: Command, context: CommandContext, run = train): void {
  program.command("resume")
    .description("go on with an interrupted run, as it was set up")
    .argument("<out>", "folder of the run")
    .argument("[settings...]", "settings to change, as key=value, such as steps=20000")
    .addHelpText("after", RESUME_HELP)
    .action(async (out, args) => {
      if (!await run(await resumedConfig(out, args), context)) context.exitCode = EXIT.interrupted;
    });
}

const RESUME_HELP = examples(
  "resume out/first",
  "resume out/first steps=20000 num_workers=4",
);

/**
 * The configuration of the run in a folder, as it wrote it down, to go on with.
 *
 * @param args Settings that are to be different from now on.
 * @throws {ConfigError} If there is no such run, or the settings do not fit.
 */
export async function resumedConfig(out: string, args: readonly string[]): Promise<TrainConfig> {
  const fixed = { out, resume_interrupted: true, overwrite: false };
  return resolveSettings(await gatherSettings(args, await settingsOf(out), fixed));
}

async function settingsOf(out: string): Promise<Record<string, unknown>> {
  const { config } = new RunFolder(out);
  try {
    return JSON.parse(await readFile(config, "utf8"));
  } catch (error) {
    const got = error instanceof SyntaxError ? "where it is damaged" : "without one";
    const message = `must be the folder of a run, with its config.json, got "${out}" ${got}; ` +
      "name another, or write train with all settings and resume_interrupted=true";
    throw new ConfigError([{ key: "out", message }]);
  }
}
