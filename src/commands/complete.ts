import { ALL_MODEL_NAMES } from "../config/model_presets.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { valuesAt } from "../config/schema_values.ts";
import { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import type { z } from "../deps/zod.ts";
import { optionsSchema } from "./option_arguments.ts";

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
  return everything(program, before, word).filter(({ text }) => text.startsWith(word));
}

function everything(program: Command, before: readonly string[], word: string): Completion[] {
  const { command, given } = commandOf(program, before);
  if (word.startsWith("-")) return optionsOf(program, command);
  const commands = commandsOf(command);
  if (commands.length > 0) {
    const isNext = given === 0; // else what was meant is no command
    return isNext ? commands.map((each) => ({ text: each.name(), hint: each.description() })) : [];
  }
  const args = command.registeredArguments;
  const argument = args[Math.min(given, args.length - 1)];
  if (argument === undefined) return [];
  const isSettings = argument.name() === "settings";
  const schema = isSettings ? TrainConfig : optionsSchema(command);
  if (schema === undefined) {
    return (argument.argChoices ?? []).map((text) => ({ text, hint: "" }));
  }
  if (word.includes("=")) return valuesOf(schema, word.slice(0, word.indexOf("=")));
  const file = { text: "config=", hint: "File of settings" };
  const fields = fieldsFrom(schema, word);
  return isSettings && !word.includes(".") ? [file, ...fields] : fields;
}

/** The command that words name, or its group, and how many of its arguments follow. */
function commandOf(program: Command, words: readonly string[]) {
  let [command, named] = [program, 0];
  for (const word of words) {
    const next = commandsOf(command).find((each) => isCalled(each, word));
    if (next === undefined) break;
    [command, named] = [next, named + 1];
  }
  return { command, given: words.length - named };
}

function commandsOf(program: Command): Command[] {
  return program.createHelp().visibleCommands(program) as Command[];
}

function isCalled(command: Command, name: string): boolean {
  return [command.name(), ...command.aliases()].includes(name);
}

function optionsOf(program: Command, command: Command): Completion[] {
  const help = program.createHelp();
  const options = [
    ...(command === program ? [] : help.visibleOptions(command)),
    ...help.visibleOptions(program),
  ];
  const found = new Map<string, Completion>(); // --help is of both
  for (const { long, description } of options) {
    if (long) found.set(long, { text: long, hint: description });
  }
  return [...found.values()];
}

/** Fields one level below what is written; a group ends in a dot. */
function fieldsFrom(schema: z.ZodType, word: string): Completion[] {
  const group = word.slice(0, word.lastIndexOf(".") + 1);
  const fields = schemaFields(schema);
  return fields
    .filter(({ path }) => path.startsWith(group) && !path.slice(group.length).includes("."))
    .map(({ path, description: hint }) => {
      const isGroup = fields.some((field) => field.path.startsWith(`${path}.`));
      return { text: path + (isGroup ? "." : "="), hint };
    });
}

function valuesOf(schema: z.ZodType, key: string): Completion[] {
  const isModel = schema === TrainConfig && key === "model";
  const values = isModel ? ALL_MODEL_NAMES : valuesAt(schema, key);
  return values.map((value) => ({ text: `${key}=${value}`, hint: "" }));
}
