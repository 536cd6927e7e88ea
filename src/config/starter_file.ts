import { type SchemaField, schemaFields } from "./schema_fields.ts";
import { TrainConfig } from "./train_config.ts";

/** What a file of settings may be written in. */
export type ConfigFormat = "yaml" | "toml" | "jsonc";

/** How a format writes comments and settings; `value` is JSON. */
interface Writer {
  /** Before each line that is a comment. */
  comment: string;
  begin: string;
  end: string;
  setting(key: string, value: string): string;
}

const WRITERS: Record<ConfigFormat, Writer> = {
  yaml: { comment: "#", begin: "", end: "", setting: (key, value) => `${key}: ${value}` },
  toml: {
    comment: "#",
    begin: "",
    end: "",
    setting: (key, value) => `${key} = ${value === "null" ? '"null"' : value}`,
  },
  jsonc: {
    comment: "//",
    begin: "{\n",
    end: "}\n",
    setting: (key, value) => `"${key}": ${value},`,
  },
};

/**
 * A file of settings to start from: the required ones to fill in, then every other with its
 * description and default as a comment. Keys have dots, so that each line stands by itself and a
 * setting is changed by taking its comment mark away.
 *
 * @example
 * ```ts
 * import { starterFile } from "./starter_file.ts";
 *
 * console.log(starterFile("yaml").includes("# batch_size: 128")); // true
 * ```
 */
export function starterFile(format: ConfigFormat): string {
  const { comment, begin, end, setting } = WRITERS[format];
  const fields = schemaFields(TrainConfig);
  const lines = [
    `${comment}${comment} Settings of a training run: deno run -A cli.ts train config=run.${format}`,
    `${comment}${comment} To change one, take its comment mark away. Arguments as key=value go first.`,
  ];
  const required = fields.filter(({ path, defaultText }) =>
    defaultText === undefined && !path.includes(".")
  );
  for (const { path, description } of required) {
    lines.push("", `${comment}${comment} ${description}`, setting(path, '""'));
  }
  for (const field of fields.filter((each) => !required.includes(each))) {
    const isGroup = fields.some(({ path }) => path.startsWith(`${field.path}.`));
    lines.push("", `${comment}${comment} ${remarkOf(field, isGroup)}`);
    if (!isGroup) lines.push(`${comment} ${setting(field.path, valueOf(field))}`);
  }
  return `${begin}${lines.join("\n")}\n${end}`;
}

/** The description, with what the line below cannot say. */
function remarkOf({ path, description, defaultText }: SchemaField, isGroup: boolean): string {
  const text = isGroup ? `${path}: ${description}` : description;
  if (isGroup && defaultText === "null") return `${text} (none unless given)`;
  if (defaultText === undefined) return `${text} (required here)`;
  return defaultText === "the preset's" ? `${text} (by default the preset's)` : text;
}

/** The default as JSON; null where there is none to write. */
function valueOf({ defaultText }: SchemaField): string {
  if (defaultText === "") return "{}";
  return defaultText === undefined || defaultText === "the preset's" ? "null" : defaultText;
}
