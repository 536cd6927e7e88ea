import { loadYaml } from "../deps/yaml.ts";
import type { ParsedText } from "./parsed_text.ts";

/** Parses YAML 1.2; a key without a value is one that is not given, null is written `null`. */
export async function parseYaml(text: string): Promise<ParsedText> {
  const { isScalar, LineCounter, parseDocument, visit } = await loadYaml();
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const { line, col } = lineCounter.linePos(pos[0]);
    return { error: { line, column: col, message } };
  }
  visit(document, {
    Pair(_, { value }) {
      const isEmpty = value === null || (isScalar(value) && value.value === null && !value.source);
      return isEmpty ? visit.REMOVE : undefined;
    },
  });
  return { value: document.toJS() };
}
