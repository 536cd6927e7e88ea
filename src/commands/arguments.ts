import { gatherSettings, resolveSettings } from "../config/given_settings.ts";
import type { Nested } from "../config/nested.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { TrainConfig } from "../config/train_config.ts";

/** Patches of 14 pixels, whose views are the default ones. */
const PREVIEW_MODEL = "dinov2/vits14-notpretrained";

/**
 * The configuration of a run from arguments such as `steps=10` and `config=run.yaml`.
 *
 * @throws {ConfigError} Listing every problem.
 */
export async function readTrainArguments(args: readonly string[]): Promise<TrainConfig> {
  return resolveSettings(await gatherSettings(args));
}

/**
 * As {@linkcode readTrainArguments}, for a command that neither reads images nor writes a run:
 * `out` and `data` may be left out.
 *
 * @throws {ConfigError} Listing every problem.
 */
export async function readPlanArguments(args: readonly string[]): Promise<TrainConfig> {
  return resolveSettings(await gatherSettings(args, { out: "-", data: "-" }));
}

/**
 * As {@linkcode readPlanArguments}, for a command that runs a few steps; without a model they are
 * those of `usual`.
 *
 * @throws {ConfigError} Listing every problem.
 */
export async function readStepArguments(
  args: readonly string[],
  usual: Nested,
): Promise<TrainConfig> {
  const base = { out: "-", data: "-" };
  const { values } = await gatherSettings(args);
  const isNamed = values.model !== undefined;
  return resolveSettings(await gatherSettings(args, isNamed ? base : { ...usual, ...base }));
}

/**
 * As {@linkcode readTrainArguments}, for a command that reads images and does nothing else: all but
 * `data` may be left out.
 *
 * @throws {ConfigError} Listing every problem.
 */
export async function readDataArguments(args: readonly string[]): Promise<TrainConfig> {
  return resolveSettings(await gatherSettings(args, { out: "-", model: "dinov2/vittest" }));
}

/**
 * As {@linkcode readTrainArguments}, for a command that draws a batch into a file: `out` is that
 * file, and all but `out` and `data` may be left out. The model fixes the patch size.
 *
 * @throws {ConfigError} Listing every problem.
 */
export async function readPreviewArguments(args: readonly string[]): Promise<TrainConfig> {
  const given = await gatherSettings(args, { model: PREVIEW_MODEL });
  const { out } = given.values;
  if (typeof out === "string" && !out.toLowerCase().endsWith(".png")) {
    const message = `must be a file that ends in .png, got "${out}"; write out=preview.png`;
    given.problems.push({ key: "out", message });
  }
  return resolveSettings(given);
}

/** The table of all settings for a command's help. */
export function settingsHelp(): string {
  const title =
    "Settings, written as key=value or read from a file with config=run.yaml (default):";
  return optionsHelp(TrainConfig, title);
}

/** The table of what a schema has, under a title. */
export function optionsHelp(schema: Parameters<typeof schemaFields>[0], title: string): string {
  const lines = schemaFields(schema).map(({ path, description, defaultText }) => {
    const remark = defaultText === "" ? "" : ` (${defaultText ?? "required"})`;
    return `  ${path}\n      ${description}${remark}`;
  });
  return [title, ...lines].join("\n");
}
