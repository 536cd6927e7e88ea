import { loadToml } from "../deps/smol_toml.ts";
import { loadYaml } from "../deps/yaml.ts";
import { isNested } from "./nested.ts";
import type { ConfigFormat } from "./starter_file.ts";
import type { TrainConfig } from "./train_config.ts";

/**
 * A whole configuration as the text of a file that `config=` reads.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./resolve_config.ts";
 * import { resolvedText } from "./resolved_text.ts";
 *
 * const config = resolveConfig({ out: "runs/a", data: "photos", model: "dinov2/vittest" });
 * console.log((await resolvedText(config, "yaml")).split("\n")[0]); // out: runs/a
 * ```
 */
export async function resolvedText(config: TrainConfig, format: ConfigFormat): Promise<string> {
  switch (format) {
    case "yaml":
      return (await loadYaml()).stringify(config, { lineWidth: 100, aliasDuplicateObjects: false });
    case "toml":
      return (await loadToml()).stringify(withoutNulls(config)) + "\n";
    case "jsonc":
      return JSON.stringify(config, null, 2) + "\n";
  }
}

/** TOML has no null: the text "null" stands for it. */
function withoutNulls(value: unknown): unknown {
  if (value === null) return "null";
  if (!isNested(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutNulls(inner)]));
}
