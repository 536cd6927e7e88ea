import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { isNested, namesOf, type Nested, putSetting } from "./nested.ts";
import { parseJson } from "./parse_json.ts";
import { parseToml } from "./parse_toml.ts";
import { parseYaml } from "./parse_yaml.ts";
import type { ParsedText } from "./parsed_text.ts";

type Parse = (text: string) => Promise<ParsedText>;

const PARSERS: Record<string, Parse> = {
  ".yaml": parseYaml,
  ".yml": parseYaml,
  ".json": parseJson,
  ".jsonc": parseJson,
  ".toml": parseToml,
};

/**
 * Reads a file of settings: YAML, JSON with or without comments, or TOML, by its extension.
 *
 * Groups nest, and keys may have dots as on the command line.
 *
 * @example
 * ```ts
 * import { readConfigFile } from "./config_file.ts";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "steps: 10\noptim_args:\n  lr: 0.001\nmodel_args.depth: 6\n");
 * console.log(await readConfigFile(path));
 * // { steps: 10, optim_args: { lr: 0.001 }, model_args: { depth: 6 } }
 * ```
 *
 * @throws {ConfigError} If it cannot be read, or holds no settings by name.
 */
export async function readConfigFile(path: string): Promise<Nested> {
  const parse = parserOf(path);
  const parsed = await parse(await textOf(path));
  if ("error" in parsed) {
    const { line, column, message } = parsed.error;
    throw new ConfigError([{ key: path, message: `line ${line}, column ${column}: ${message}` }]);
  }
  const { value } = parsed;
  if (value === null || value === undefined) return {}; // nothing but comments
  if (isNested(value)) return withoutDots(path, value);
  const got = Array.isArray(value) ? "a list" : JSON.stringify(value);
  throw new ConfigError([{ key: path, message: `must hold settings by name, got ${got}` }]);
}

function parserOf(path: string): Parse {
  const extension = extname(path).toLowerCase();
  if (Object.hasOwn(PARSERS, extension)) return PARSERS[extension];
  const known = Object.keys(PARSERS).join(", ");
  throw new ConfigError([{
    key: "config",
    message: `must be a file that ends in one of ${known}, got "${path}"`,
  }]);
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/^\ufeff/, "");
  } catch (error) {
    const { code } = error as { code?: string };
    const message = `must be a file that can be read, got "${path}" (${code})`;
    throw new ConfigError([{ key: "config", message }]);
  }
}

/** Settings with every dotted key in the group that it names. */
function withoutDots(path: string, settings: Nested): Nested {
  const result: Nested = {};
  const problems: ConfigProblem[] = [];
  const put = (group: Nested, within: readonly string[]) => {
    for (const [key, value] of Object.entries(group)) {
      const names = namesOf(key);
      if (names === undefined) {
        const message = `must be names joined by dots, got "${[...within, key].join(".")}"`;
        problems.push({ key: path, message });
      } else if (isNested(value)) {
        putSetting(result, [...within, ...names], {});
        put(value, [...within, ...names]);
      } else {
        putSetting(result, [...within, ...names], value);
      }
    }
  };
  put(settings, []);
  if (problems.length > 0) throw new ConfigError(problems);
  return result;
}
