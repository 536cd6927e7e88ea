import type { ImageProblem } from "../images/image_set.ts";
import { type Style, styleOf } from "./style.ts";

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
  /** Writes text as it is. */
  write: (text: string) => void;
  style: Style;
  /** Width in characters. */
  columns: number;
}

/** What a command has beside its arguments: where its words go, and the exit code it leaves. */
export interface CommandContext {
  /** Results, which a program may read. */
  out: Channel;
  /** Progress and errors. */
  err: Channel;
  exitCode: ExitCode;
}

/** The terminal or the pipes of this process; NO_COLOR is respected. */
export function processContext(): CommandContext {
  return { out: channelOf(Deno.stdout), err: channelOf(Deno.stderr), exitCode: EXIT.ok };
}

function channelOf(stream: typeof Deno.stdout | typeof Deno.stderr): Channel {
  const terminal = stream.isTerminal();
  const encoder = new TextEncoder();
  return {
    write: (text) => {
      try {
        for (let rest = encoder.encode(text); rest.length > 0;) {
          rest = rest.subarray(stream.writeSync(rest)); // a pipe may take less than all
        }
      } catch (error) {
        // Whoever read has heard enough, such as head: no reason to end a run.
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    },
    style: styleOf({ terminal, color: terminal && !Deno.noColor }),
    columns: terminal ? Deno.consoleSize().columns : 80,
  };
}

/** Prints whole lines. */
export function print({ write }: Channel, text: string): void {
  write(`${text}\n`);
}

/** What the program is called in its own help: it needs no installation. */
export const PROGRAM = "deno run -A cli.ts";

/** A word as it is written on a command line. */
export function shellWord(text: string): string {
  return /^[\w./~:@%+-][\w./~:@%+=,-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The examples of a command's help, each a command line without the program's name. */
export function examples(...lines: string[]): string {
  return ["", "Examples:", ...lines.map((line) => `  ${PROGRAM} ${line}`)].join("\n");
}

/** Names what could not be read, a line each. */
export function printSkipped(
  { err }: Pick<CommandContext, "err">,
  skipped: readonly ImageProblem[],
) {
  for (const { name, message } of skipped) {
    print(err, `${err.style.warning("skipped")} ${name}: ${message}`);
  }
}

/** Prints what a command found: as text for people, with `--json` as JSON for programs. */
export function printFound<Found>(
  { out }: CommandContext,
  found: Found,
  json: boolean | undefined,
  describe: (found: Found) => string,
): void {
  print(out, json ? JSON.stringify(found, null, 2) : describe(found));
}
