import type { Command } from "../deps/commander.ts";
import { examineMachine, type MachineReport } from "../machine/examine.ts";
import { workersOf } from "../data/workers.ts";
import { type CommandContext, examples, EXIT, print, printFound } from "./command_line.ts";
import { describeMachine } from "./doctor_text.ts";

/** Adds `doctor` to the program; `run` is what it does. */
export function addDoctor(program: Command, context: CommandContext, run = examine): void {
  program.command("doctor")
    .description("tell what this machine can do, what is missing, and how to mend it")
    .option("--json", "print what was found as JSON")
    .addHelpText("after", DOCTOR_HELP)
    .action(async ({ json }) => {
      const report = await run(context);
      printFound(context, report, json, (found) => describeMachine(found, context.out.style));
      if (report.verdict === "not ready") context.exitCode = EXIT.failed;
    });
}

const DOCTOR_HELP = examples("doctor", "doctor --json") +
  "\n\nTakes a few seconds. Exit code 1 if training cannot run here.";

/** Measuring takes seconds: somebody who watches is told. */
async function examine({ err }: CommandContext): Promise<MachineReport> {
  if (err.style.terminal) print(err, err.style.faint("measuring ..."));
  return await examineMachine(workersOf({ num_workers: "auto" }));
}
