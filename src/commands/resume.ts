import { readFile } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import { resolveConfig } from "../config/resolve_config.ts";
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
      if (!await run(await resumedConfig(out, args))) context.exitCode = EXIT.interrupted;
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
  const changes = parseArguments(args);
  const before = await settingsOf(out);
  // A run is as long as its steps or its epochs: the one that is told replaces the other.
  const length = changes.steps != null
    ? { epochs: null }
    : changes.epochs != null
    ? { steps: null }
    : {};
  const fixed = { out, resume_interrupted: true, overwrite: false };
  return resolveConfig(merged(before, { ...length, ...changes, ...fixed }));
}

async function settingsOf(out: string): Promise<Settings> {
  const { config } = new RunFolder(out);
  try {
    return JSON.parse(await readFile(config, "utf8"));
  } catch (error) {
    const got = error instanceof SyntaxError ? "which is damaged" : "without one that can be read";
    const message = `must be the folder of a run, with its config.json, got "${out}", ${got}; ` +
      "name another, or write train with all settings and resume_interrupted=true";
    throw new ConfigError([{ key: "out", message }]);
  }
}

type Settings = Record<string, unknown>;

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
