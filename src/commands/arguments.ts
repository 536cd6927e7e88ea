import { parseArguments } from "../config/parse_arguments.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { TrainConfig } from "../config/train_config.ts";

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

/** The table of all settings for a command's help. */
export function settingsHelp(): string {
  const fields = schemaFields(TrainConfig);
  const lines = fields.map(({ path, description, defaultText }) => {
    const remark = defaultText === "" ? "" : ` (${defaultText ?? "required"})`;
    return `  ${path}\n      ${description}${remark}`;
  });
  return ["Settings, written as key=value (default):", ...lines].join("\n");
}
