import { loadToml } from "../deps/smol_toml.ts";
import type { ParsedText } from "./parsed_text.ts";
import { isNested } from "./nested.ts";

/** Parses TOML, which has no null: the text "null" stands for it. */
export async function parseToml(text: string): Promise<ParsedText> {
  const { parse, TomlError } = await loadToml();
  try {
    return { value: withNulls(parse(text)) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const [first] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    return { error: { line, column, message: first } };
  }
}

function withNulls(value: unknown): unknown {
  if (value === "null") return null;
  if (Array.isArray(value)) return value.map(withNulls);
  if (!isNested(value) || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNulls(inner)]));
}
