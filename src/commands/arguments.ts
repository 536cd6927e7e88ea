import { ConfigError, type ConfigProblem } from "../config/config_error.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { TrainConfig } from "../config/train_config.ts";

/** Patches of 14 pixels, whose views are the default ones. */
const PREVIEW_MODEL = "dinov2/vits14-notpretrained";

/**
 * The configuration of a run from arguments such as `steps=10`.
 *
 * @throws {ConfigError} Listing every problem.
 */
export function readTrainArguments(args: readonly string[]): TrainConfig {
  return resolveConfig(parseArguments(args));
}

/**
 * As {@linkcode readTrainArguments}, for a command that neither reads images nor writes a run:
 * `out` and `data` may be left out.
 *
 * @throws {ConfigError} Listing every problem.
 */
export function readPlanArguments(args: readonly string[]): TrainConfig {
  return resolveConfig({ out: "-", data: "-", ...parseArguments(args) });
}

/**
 * As {@linkcode readTrainArguments}, for a command that reads images and does nothing else: all but
 * `data` may be left out.
 *
 * @throws {ConfigError} Listing every problem.
 */
export function readDataArguments(args: readonly string[]): TrainConfig {
  return resolveConfig({ out: "-", model: "dinov2/vittest", ...parseArguments(args) });
}

/**
 * As {@linkcode readTrainArguments}, for a command that draws a batch into a file: `out` is that
 * file, and all but `out` and `data` may be left out. The model fixes the patch size.
 *
 * @throws {ConfigError} Listing every problem.
 */
export function readPreviewArguments(args: readonly string[]): TrainConfig {
  const raw: Record<string, unknown> = { model: PREVIEW_MODEL, ...parseArguments(args) };
  const { out } = raw;
  if (typeof out !== "string" || out.toLowerCase().endsWith(".png")) return resolveConfig(raw);
  const message = `must be a file that ends in .png, got "${out}"; write out=preview.png`;
  throw new ConfigError([{ key: "out", message }, ...otherProblems(raw)]);
}

/** What else is wrong with the settings, so that one run shows all. */
function otherProblems(raw: Record<string, unknown>): readonly ConfigProblem[] {
  try {
    resolveConfig(raw);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The table of all settings for a command's help. */
export function settingsHelp(): string {
  const fields = schemaFields(TrainConfig);
  const lines = fields.map(({ path, description, defaultText }) => {
    const remark = defaultText === "" ? "" : ` (${defaultText ?? "required"})`;
    return `  ${path}\n      ${description}${remark}`;
  });
  return ["Settings, written as key=value (default):", ...lines].join("\n");
}
