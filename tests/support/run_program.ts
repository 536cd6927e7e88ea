import { type CommandContext, EXIT } from "../../src/commands/command_line.ts";
import { type Actions, runProgram } from "../../src/commands/program.ts";
import { type Look, styleOf } from "../../src/commands/style.ts";

/** A context whose words the test reads. */
export function recordedContext(look: Partial<Look> = {}) {
  const printed = { out: "", err: "" };
  const style = styleOf({ terminal: false, color: false, ...look });
  const channel = (name: "out" | "err") => ({
    write: (text: string) => void (printed[name] += text),
    style,
    columns: 100,
  });
  const context: CommandContext = { out: channel("out"), err: channel("err"), exitCode: EXIT.ok };
  return { context, printed };
}

/** Runs the program as a user would, and returns what it printed and its exit code. */
export async function runWith(args: string[], actions: Actions = {}, look: Partial<Look> = {}) {
  const { context, printed } = recordedContext(look);
  const code = await runProgram(args, context, actions);
  return { code, ...printed };
}
