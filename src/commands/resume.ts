import { ConfigError } from "../config/config_error.ts";
import { gatherSettings } from "../config/given_settings.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { resumedConfig } from "../training/resume_run.ts";
import { type CommandContext, examples } from "./command_line.ts";
import { train } from "./train.ts";

/** Adds `resume` to the program; `run` returns the exit code. */
export function addResume(program: Command, context: CommandContext, run = train): void {
  program.command("resume")
    .description("go on with an interrupted run, as it was set up")
    .argument("<out>", "folder of the run")
    .argument("[settings...]", "settings to change, as key=value, such as steps=20000")
    .addHelpText("after", RESUME_HELP)
    .action(async (out, args) => {
      context.exitCode = await run(await readResumeArguments(out, args), context);
    });
}

const RESUME_HELP = examples(
  "resume out/first",
  "resume out/first steps=20000 num_workers=4",
);

/** The configuration to go on with the run in a folder, with what the arguments change. */
async function readResumeArguments(out: string, args: readonly string[]): Promise<TrainConfig> {
  const { values, problems } = await gatherSettings(args);
  if (problems.length > 0) throw new ConfigError(problems);
  return await resumedConfig(out, values);
}
