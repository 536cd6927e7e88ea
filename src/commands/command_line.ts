import { type Look, type Style, styleOf } from "./style.ts";

/** Exit codes: done; failed while running; asked for what cannot be run; ended by Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** One of {@linkcode EXIT}. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** A command line that cannot be run; the message says how to write it. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A place that text goes to, and how it may look there. */
export interface Channel {
  /** Prints whole lines. */
  print: (text: string) => void;
  style: Style;
}

/** What a command has beside its arguments: where its words go, and the exit code it leaves. */
export interface CommandContext {
  /** Results, which a program may read. */
  out: Channel;
  /** Progress and errors. */
  err: Channel;
  exitCode: ExitCode;
}

/** The terminal or the pipe of this process; NO_COLOR is respected. */
export function processContext(): CommandContext {
  const look = (stream: { isTerminal(): boolean }): Look => {
    const terminal = stream.isTerminal();
    return { terminal, color: terminal && !Deno.noColor };
  };
  const out = { print: (text: string) => console.log(text), style: styleOf(look(Deno.stdout)) };
  const err = { print: (text: string) => console.error(text), style: styleOf(look(Deno.stderr)) };
  return { out, err, exitCode: EXIT.ok };
}

/** What the program is called in its own help: it needs no installation. */
export const PROGRAM = "deno run -A cli.ts";

/** The examples of a command's help, each a command line without the program's name. */
export function examples(...lines: string[]): string {
  return ["", "Examples:", ...lines.map((line) => `  ${PROGRAM} ${line}`)].join("\n");
}

/** Prints what a command found: as text for people, with `--json` as JSON for programs. */
export function printFound<Found>(
  { out }: CommandContext,
  found: Found,
  json: boolean | undefined,
  describe: (found: Found) => string,
): void {
  out.print(json ? JSON.stringify(found, null, 2) : describe(found));
}
