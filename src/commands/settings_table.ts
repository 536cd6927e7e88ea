// The README's table of all settings, from the schema itself. Run as a script to renew it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { schemaFields } from "../config/schema_fields.ts";
import { TrainConfig } from "../config/train_config.ts";

const BEGIN = "<!-- settings: written by src/commands/settings_table.ts -->";
const END = "<!-- end of settings -->";

/**
 * All settings of a run as rows of a table: name, default, meaning.
 *
 * @example
 * ```ts
 * import { settingsRows } from "./settings_table.ts";
 *
 * console.log(settingsRows()[0]); // [ "`out`", "required", "Folder of the run: ..." ]
 * ```
 */
export function settingsRows(): string[][] {
  return schemaFields(TrainConfig).map(({ path, description, defaultText }) => {
    const value = defaultText === undefined
      ? "required"
      : /^$|^the preset's$/.test(defaultText)
      ? defaultText
      : `\`${defaultText}\``;
    return [`\`${path}\``, value, description];
  });
}

/**
 * The rows of the table between the marks of a Markdown text, as {@linkcode settingsRows} has them.
 *
 * @throws {Error} If the marks are missing.
 */
export function settingsRowsOf(markdown: string): string[][] {
  const [from, to] = placeOf(markdown);
  return markdown.slice(from, to).trim().split("\n").slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/**
 * The Markdown text with the table between its marks made anew.
 *
 * @throws {Error} If the marks are missing.
 */
export function withSettings(markdown: string): string {
  const [from, to] = placeOf(markdown);
  const rows = [["setting", "default", "meaning"], ["---", "---", "---"], ...settingsRows()];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `${markdown.slice(0, from)}\n\n${table}\n\n${markdown.slice(to)}`;
}

function placeOf(markdown: string): [from: number, to: number] {
  const [begin, end] = [markdown.indexOf(BEGIN), markdown.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new Error(`Cannot find the settings table: the text must hold "${BEGIN}" and "${END}"`);
  }
  return [begin + BEGIN.length, end];
}

if (import.meta.main) {
  const readme = fileURLToPath(new URL("../../README.md", import.meta.url));
  writeFileSync(readme, withSettings(readFileSync(readme, "utf8")));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", readme] }).output();
}
