import type { z } from "../deps/zod.ts";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { describeIssue } from "./describe_issue.ts";

/**
 * Checks options of any schema and fills in its defaults.
 *
 * @param earlier What is wrong already, to be told in the same list.
 * @throws {ConfigError} Listing every problem: misspelt, ill-typed and missing options.
 */
export function checkOptions<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  earlier: readonly ConfigProblem[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  const issues = parsed.error?.issues ?? [];
  const problems = [
    ...earlier,
    ...issues.flatMap((issue) => describeIssue(issue, raw, schema)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data!;
}
