import { checkOptions } from "../config/check_options.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import type { z } from "../deps/zod.ts";

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
