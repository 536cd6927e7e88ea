import { loadJsonc } from "../deps/jsonc_parser.ts";
import type { ParsedText, SyntaxProblem } from "./parsed_text.ts";

/** Parses JSON; comments and commas before a closing bracket are taken too. */
export async function parseJson(text: string): Promise<ParsedText> {
  const { parse, printParseErrorCode, visit } = await loadJsonc();
  const options = { allowTrailingComma: true, allowEmptyContent: true };
  const errors: SyntaxProblem[] = [];
  const groups: Set<string>[] = [];
  const at = (line: number, column: number) => ({ line: line + 1, column: column + 1 });
  visit(text, {
    onObjectBegin: () => void groups.push(new Set()),
    onObjectEnd: () => void groups.pop(),
    onObjectProperty(name, _offset, _length, line, column) {
      const names = groups[groups.length - 1];
      if (names.has(name)) {
        errors.push({ ...at(line, column), message: `"${name}" must be given once` });
      }
      names.add(name);
    },
    onError(code, _offset, _length, line, column) {
      errors.push({ ...at(line, column), message: sentenceOf(printParseErrorCode(code)) });
    },
  }, options);
  // The first: what the parser says after it is about its own recovery.
  return errors.length > 0 ? { error: errors[0] } : { value: parse(text, [], options) };
}

/** `CommaExpected` as words: "comma expected". */
function sentenceOf(code: string): string {
  return code.replace(/\B[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
