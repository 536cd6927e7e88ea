import { ConfigError, type ConfigProblem } from "./config_error.ts";

/** Settings that are text even where they look like a number, such as `out=2024`. */
const TEXT_KEYS: ReadonlySet<string> = new Set(["out", "data", "model", "method"]);

type Nested = { [key: string]: unknown };

/**
 * Parses arguments of the form `key=value`, with dots for nested settings.
 *
 * A value that is JSON is taken as such (`4`, `true`, `null`, `[0.1,2]`), any other as text.
 *
 * @example
 * ```ts
 * import { parseArguments } from "./parse_arguments.ts";
 *
 * const raw = parseArguments(["out=runs/a", "steps=10", "method_args.output_dim=4096"]);
 * console.log(raw); // { out: "runs/a", steps: 10, method_args: { output_dim: 4096 } }
 * ```
 *
 * @throws {ConfigError} If an argument has no `=`, or two arguments contradict each other.
 */
export function parseArguments(args: readonly string[]): Nested {
  const result: Nested = {};
  const problems: ConfigProblem[] = [];
  for (const argument of args) {
    const equals = argument.indexOf("=");
    const key = equals < 0 ? argument : argument.slice(0, equals);
    const problem = equals < 0
      ? "must have the form key=value, got no equals sign"
      : insert(result, key, parseValue(key, argument.slice(equals + 1)));
    if (problem !== undefined) problems.push({ key: key || `"${argument}"`, message: problem });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return result;
}

/** Of the settings that are text, `data` alone may be a list. */
function parseValue(key: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text; // not JSON: a bare word such as softmax, or text for the schema to refuse
  }
  const isText = TEXT_KEYS.has(key) && !(key === "data" && Array.isArray(value));
  return isText ? text : value;
}

/** Sets `key` in `root`; returns what is wrong with it, if anything is. */
function insert(root: Nested, key: string, value: unknown): string | undefined {
  const names = key.split(".");
  if (names.some((name) => name === "" || name === "__proto__")) {
    return "must be names joined by dots";
  }
  let parent = root;
  for (const name of names.slice(0, -1)) {
    if (!Object.hasOwn(parent, name)) parent[name] = {};
    const child = parent[name];
    if (!isNested(child)) {
      return `must not be given beside ${name}=${JSON.stringify(child)}`;
    }
    parent = child;
  }
  const last = names[names.length - 1];
  if (Object.hasOwn(parent, last)) return "must be given once, got it twice";
  parent[last] = value;
}

function isNested(value: unknown): value is Nested {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
