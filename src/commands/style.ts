/** How text may look where it goes. */
export interface Look {
  /** Somebody watches: signs such as ✓ may be used. */
  terminal: boolean;
  color: boolean;
}

/** Words as they look in one place: with colors and signs, or plain. */
export interface Style extends Look {
  heading(text: string): string;
  good(text: string): string;
  warning(text: string): string;
  error(text: string): string;
  faint(text: string): string;
  /** What became of a check: ✓, ! or ✗ on a terminal, a word elsewhere; all are as wide. */
  mark(state: "ok" | "note" | "missing"): string;
}

/**
 * The style of a place.
 *
 * @example
 * ```ts
 * import { styleOf } from "./style.ts";
 *
 * const { mark, error } = styleOf({ terminal: false, color: false });
 * console.log(mark("ok"), error("Error:")); // ok      Error:
 * ```
 */
export function styleOf({ terminal, color }: Look): Style {
  const paint = (code: number) => (text: string) => color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const [good, warning, error] = [paint(32), paint(33), paint(31)];
  return {
    terminal,
    color,
    heading: paint(1),
    good,
    warning,
    error,
    faint: paint(2),
    mark: (state) =>
      terminal
        ? { ok: good("✓"), note: warning("!"), missing: error("✗") }[state]
        : state.padEnd("missing".length),
  };
}
