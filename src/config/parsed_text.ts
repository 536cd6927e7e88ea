/** What is in a file of settings, or the first thing that is wrong with its text. */
export type ParsedText = { value: unknown } | { error: SyntaxProblem };

/** Something wrong with a file's text; lines and columns count from 1. */
export interface SyntaxProblem {
  line: number;
  column: number;
  message: string;
}
