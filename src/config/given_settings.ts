import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { readConfigFile } from "./config_file.ts";
import { type Nested, putSetting } from "./nested.ts";
import { parseArguments } from "./parse_arguments.ts";
import { resolveConfig } from "./resolve_config.ts";
import type { TrainConfig } from "./train_config.ts";

/** Settings from files and a command line, one laid over the other; not checked yet. */
export interface GivenSettings {
  values: Nested;
  /** The file that a setting was read from, by its dotted key; those of a command line have none. */
  origins: Map<string, string>;
  /** What is wrong already: arguments and files that cannot be read. */
  problems: ConfigProblem[];
  /** Whether all files could be read, so that a setting that is not there was not given. */
  isWhole: boolean;
}

/**
 * Gathers settings: first `base`, over it the files of `config=` in their order, over them the
 * other arguments, over all `flags`.
 *
 * @param base What a command takes where nothing is given.
 * @param flags What options of a command say, such as `--seed 1`.
 */
export async function gatherSettings(
  args: readonly string[],
  base: Nested = {},
  flags: Nested = {},
): Promise<GivenSettings> {
  const parsed = parseArguments(args);
  const { problems } = parsed;
  const given: GivenSettings = { values: {}, origins: new Map(), problems, isWhole: true };
  lay(given, base);
  for (const file of parsed.files) {
    try {
      lay(given, await readConfigFile(file), file);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      given.isWhole = false;
    }
  }
  lay(given, parsed.values);
  lay(given, flags);
  return given;
}

/** Lays `settings` over what is given; where they meet, they win. */
function lay({ values, origins }: GivenSettings, settings: Nested, origin?: string): void {
  // A run is as long as its steps or its epochs say: one that is laid over replaces the other.
  if (settings.steps != null && settings.epochs == null) delete values.epochs;
  if (settings.epochs != null && settings.steps == null) delete values.steps;
  const isSet = (key: string) => {
    for (const known of [...origins.keys()]) {
      const isSame = known === key || known.startsWith(`${key}.`) || key.startsWith(`${known}.`);
      if (isSame) origins.delete(known);
    }
    if (origin !== undefined) origins.set(key, origin);
  };
  for (const [name, value] of Object.entries(settings)) putSetting(values, [name], value, isSet);
}

/**
 * Checks settings and fills in every default.
 *
 * @throws {ConfigError} Listing every problem, those of reading them too, with the file of each.
 */
export function resolveSettings(
  { values, origins, problems, isWhole }: GivenSettings,
): TrainConfig {
  let config: TrainConfig | undefined;
  const found = [...problems];
  try {
    config = resolveConfig(values);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const told = new Set(problems.map(({ key }) => key));
    const isMissing = ({ message }: ConfigProblem) => message.startsWith("is required");
    found.push(
      ...error.problems
        .filter((problem) => !told.has(problem.key) && (isWhole || !isMissing(problem)))
        .map((problem) => withOrigin(problem, origins)),
    );
  }
  if (config === undefined || found.length > 0) throw new ConfigError(found);
  return config;
}

/** The problem with the file that its setting was read from, be it in a list or a group. */
function withOrigin(problem: ConfigProblem, origins: ReadonlyMap<string, string>): ConfigProblem {
  const { key } = problem;
  const within = [...origins].find(([known]) =>
    known === key || key.startsWith(`${known}.`) || known.startsWith(`${key}.`)
  );
  return within === undefined ? problem : { ...problem, origin: within[1] };
}
