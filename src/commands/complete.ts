import { ALL_MODEL_NAMES } from "../config/model_presets.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { valuesAt } from "../config/schema_values.ts";
import { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";

/** One way to go on with a word; one that ends in `.` or `=` is not the whole word yet. */
export interface Completion {
  text: string;
  /** What it means, in one line. */
  hint: string;
}

/**
 * Ways to go on with the last of some words: commands, options, settings, values of settings.
 *
 * @example
 * ```ts
 * import { buildProgram } from "./program.ts";
 * import { completionsOf } from "./complete.ts";
 *
 * const found = completionsOf(buildProgram(), ["train", "accelerator=g"]);
 * console.log(found.map(({ text }) => text)); // [ "accelerator=gpu" ]
 * ```
 *
 * @param words The command line without the program; the last one is empty after a space.
 */
export function completionsOf(program: Command, words: readonly string[]): Completion[] {
  const before = words.slice(0, -1).filter((word) => !word.startsWith("-"));
  const word = words.at(-1) ?? "";
  const command = commandsOf(program).find((each) => isCalled(each, before[0]));
  return everything(program, command, before.length, word)
    .filter(({ text }) => text.startsWith(word));
}

function everything(
  program: Command,
  command: Command | undefined,
  position: number,
  word: string,
): Completion[] {
  if (word.startsWith("-")) return optionsOf(program, command);
  if (position === 0) {
    return commandsOf(program).map((each) => ({ text: each.name(), hint: each.description() }));
  }
  if (command === undefined) return [];
  const args = command.registeredArguments;
  const argument = args[Math.min(position, args.length) - 1];
  if (argument === undefined) return [];
  if (argument.name() !== "settings") {
    return (argument.argChoices ?? []).map((text) => ({ text, hint: "" }));
  }
  return word.includes("=") ? valuesOf(word.slice(0, word.indexOf("="))) : settingsFrom(word);
}

function commandsOf(program: Command): Command[] {
  return program.createHelp().visibleCommands(program) as Command[];
}

function isCalled(command: Command, name: string | undefined): boolean {
  return name !== undefined && [command.name(), ...command.aliases()].includes(name);
}

function optionsOf(program: Command, command: Command | undefined): Completion[] {
  const help = program.createHelp();
  const options = [
    ...(command ? help.visibleOptions(command) : []),
    ...help.visibleOptions(program),
  ];
  const found = new Map<string, Completion>(); // --help is of both
  for (const { long, description } of options) {
    if (long) found.set(long, { text: long, hint: description });
  }
  return [...found.values()];
}

/** Settings one level below what is written; a group ends in a dot. */
function settingsFrom(word: string): Completion[] {
  const group = word.slice(0, word.lastIndexOf(".") + 1);
  const fields = schemaFields(TrainConfig);
  const settings = fields
    .filter(({ path }) => path.startsWith(group) && !path.slice(group.length).includes("."))
    .map(({ path, description: hint }) => {
      const isGroup = fields.some((field) => field.path.startsWith(`${path}.`));
      return { text: path + (isGroup ? "." : "="), hint };
    });
  return group === "" ? [{ text: "config=", hint: "File of settings" }, ...settings] : settings;
}

function valuesOf(key: string): Completion[] {
  const values = key === "model" ? ALL_MODEL_NAMES : valuesAt(TrainConfig, key);
  return values.map((value) => ({ text: `${key}=${value}`, hint: "" }));
}
