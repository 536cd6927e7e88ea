import type { ConfigProblem } from "./config_error.ts";
import { isNested, namesOf, type Nested, putSetting } from "./nested.ts";

/** Settings that are text even where they look like a number, such as `out=2024`. */
const TEXT_KEYS: ReadonlySet<string> = new Set([
  "out",
  "data",
  "model",
  "method",
  "checkpoint",
  "weights",
  "cache_disk",
]);

/** Those of them that may be null. */
const NULLABLE_TEXT: ReadonlySet<string> = new Set(["checkpoint", "weights", "cache_disk"]);

/** What a command line says about settings. */
export interface ParsedArguments {
  /** Files named by `config=`, in their order. */
  files: string[];
  /** Settings by name. */
  values: Nested;
  /** Arguments that cannot be read. */
  problems: ConfigProblem[];
}

/**
 * Parses arguments of the form `key=value`, with dots for nested settings.
 *
 * A value that is JSON is taken as such (`4`, `true`, `null`, `[0.1,2]`, `"text"`), any other as
 * text; `True`, `False` and `None` are Python's words for it. A group as JSON and dotted keys into
 * it add up; the later one wins where they meet.
 *
 * @example
 * ```ts
 * import { parseArguments } from "./parse_arguments.ts";
 *
 * const args = ["config=run.yaml", "out=runs/a", "steps=10", "method_args.output_dim=4096"];
 * const { files, values } = parseArguments(args);
 * console.log(files); // [ "run.yaml" ]
 * console.log(values); // { out: "runs/a", steps: 10, method_args: { output_dim: 4096 } }
 * ```
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const parsed: ParsedArguments = { files: [], values: {}, problems: [] };
  const seen = new Set<string>();
  for (const argument of args) {
    const equals = argument.indexOf("=");
    const key = equals < 0 ? argument : argument.slice(0, equals);
    const text = equals < 0 ? undefined : unquoted(argument.slice(equals + 1));
    const message = take(parsed, seen, key, text);
    if (message !== undefined) parsed.problems.push({ key: key || `"${argument}"`, message });
  }
  return parsed;
}

/** Puts one argument where it belongs; returns what is wrong with it, if anything is. */
function take(
  { files, values }: ParsedArguments,
  seen: Set<string>,
  key: string,
  text: string | undefined,
): string | undefined {
  if (key.startsWith("-")) {
    return `must be written without dashes; write ${key.replace(/^-+/, "")}=${text || "value"}`;
  }
  if (text === undefined) return "must have the form key=value, got no equals sign";
  const names = namesOf(key);
  if (names === undefined) return "must be names joined by dots";
  if (text === "") return `must have a value, got none; write ${key}=null for none`;
  if (key === "config") return void files.push(text);
  if (seen.has(key)) return "must be given once, got it twice";
  seen.add(key);
  const parsed = parseValue(key, text);
  if ("problem" in parsed) return parsed.problem;
  const beside = contradiction(values, names, parsed.value);
  if (beside !== undefined) return `must not be given beside ${beside}`;
  putSetting(values, names, parsed.value);
}

/** Some shells hand over the quotes that others take away. */
function unquoted(text: string): string {
  return /^'.*'$/s.test(text) ? text.slice(1, -1) : text;
}

type ParsedValue = { value: unknown } | { problem: string };

const PYTHON_WORDS: Record<string, unknown> = { True: true, False: false, None: null };

function parseValue(key: string, text: string): ParsedValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return TEXT_KEYS.has(key) ? { value: text } : parseWord(text, error as Error);
  }
  if (!TEXT_KEYS.has(key)) return { value };
  const isMeant = typeof value === "string" || (key === "data" && Array.isArray(value)) ||
    (value === null && NULLABLE_TEXT.has(key));
  return { value: isMeant ? value : text };
}

/** Not JSON: a bare word such as softmax, or JSON whose quotes a shell has taken. */
function parseWord(text: string, { message }: Error): ParsedValue {
  if (/^[[{]/.test(text)) {
    return { problem: `must be JSON, got ${text} (${message}); put quotes around the argument` };
  }
  return { value: Object.hasOwn(PYTHON_WORDS, text) ? PYTHON_WORDS[text] : text };
}

/** A value among `values` that the one at `names` contradicts: a group and something that is none. */
function contradiction(
  values: Nested,
  names: readonly string[],
  value: unknown,
): string | undefined {
  let group: unknown = values;
  for (const [i, name] of names.entries()) {
    if (!isNested(group) || !Object.hasOwn(group, name)) return undefined;
    group = group[name];
    const isLast = i === names.length - 1;
    const wantsGroup = isLast ? isNested(value) : true;
    if (isNested(group) !== wantsGroup) {
      return `${names.slice(0, i + 1).join(".")}=${JSON.stringify(group)}`;
    }
  }
  return undefined;
}
