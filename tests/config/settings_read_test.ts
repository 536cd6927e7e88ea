// Every setting is read by code that is not a schema: proof that none is only decoration.
import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { schemaFields } from "../../src/config/schema_fields.ts";
import { TrainConfig } from "../../src/config/train_config.ts";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

/** Groups with names as common as `mode`: only a file that names the group as well reads them. */
const COMMON_NAMES = /^(activation_checkpoint_args|loggers|callbacks)\./;

/** The schemas declare; checks and presets of src/config read as any other file does. */
const DECLARES = /^config\/(\w+_(args|fields)|train_config)\.ts$/;

/** The code of every other file, without comments and text, after its name: a group may be that. */
function readers(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !DECLARES.test(path.replaceAll("\\", "/")))
    .map((path) => `${path}\n${readFileSync(SOURCE + path, "utf8")}`)
    .map((text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"[^"\n]*"/g, '""'));
}

/** What tells that code reads the setting at `path`. */
function isRead(path: string, code: string): boolean {
  const names = path.split(".");
  const has = (name: string) => new RegExp(`\\b${name}\\b`).test(code);
  if (names.length === 1) return readsOfWhole(path).test(code);
  return has(names.at(-1)!) && (!COMMON_NAMES.test(path) || has(names.at(-2)!));
}

/** `config.name`, or `name` taken out of a configuration by its name. */
function readsOfWhole(name: string): RegExp {
  const from = String.raw`=\s*[\w.]*\bconfig\b|:\s*(Pick<\s*)?(Train|Parsed)Config`;
  return new RegExp(String.raw`\bconfig\.${name}\b|[{,]\s*${name}\b[^()=;]*\}\s*(${from})`);
}

Deno.test("every setting of more than one value is read by some file outside the schemas", () => {
  const code = readers();
  const unread = schemaFields(TrainConfig)
    .filter(({ path, isFixed }) => !isFixed && !code.some((text) => isRead(path, text)))
    .map(({ path }) => path);
  deepEqual(unread, []);
});
