import { checkOptions } from "../config/check_options.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import type { z } from "../deps/zod.ts";
import { optionsHelp } from "./arguments.ts";

/** The schemas of commands that have options of their own. */
const SCHEMAS = new WeakMap<object, z.ZodType>();

/** Has a command's help and completions tell its options, which are written as key=value. */
export function describeOptions(
  command: { addHelpText(position: "after", text: () => string): unknown },
  schema: z.ZodType,
): void {
  SCHEMAS.set(command, schema);
  command.addHelpText(
    "after",
    () => optionsHelp(schema, "Options, written as key=value (default):"),
  );
}

/** What {@linkcode describeOptions} was told of a command. */
export function optionsSchema(command: object): z.ZodType | undefined {
  return SCHEMAS.get(command);
}

/**
 * The options of a command that has a schema of its own, from arguments such as `k=20`.
 *
 * @throws {ConfigError} Listing every problem.
 */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  args: readonly string[],
): z.output<Schema> {
  const { values, problems, files } = parseArguments(args);
  const unread = files.map(() => ({ key: "config", message: "is not read here; leave it out" }));
  return checkOptions(schema, values, [...problems, ...unread]);
}
