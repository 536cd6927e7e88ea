import type { Command } from "../deps/commander.ts";
import type { z } from "../deps/zod.ts";
import type { EvalHooks } from "../eval/eval_hooks.ts";
import type { ImageProblem } from "../images/image_set.ts";
import { type CommandContext, examples, print, printSkipped } from "./command_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { describeOptions, readOptions } from "./option_arguments.ts";

/** A way to tell how good features are, as a subcommand of `eval`. */
export interface Evaluation<Schema extends z.ZodObject, Report> {
  name: string;
  description: string;
  examples: readonly string[];
  schema: Schema;
  run: (options: z.output<Schema>, hooks: EvalHooks) => Promise<Report>;
  /** A report as text. */
  describe: (report: Report) => string;
}

/** Adds `eval`, which {@linkcode addEvaluation} adds ways to evaluate to. */
export function addEval(program: Command): Command {
  return program.command("eval")
    .description("tell how good the features of a model are")
    .addHelpText("after", examples("eval knn --help"));
}

/** Adds one way to evaluate: all of them take options, show progress, and end with a report. */
export function addEvaluation<Schema extends z.ZodObject, Report extends Skipping>(
  group: Command,
  context: CommandContext,
  evaluation: Evaluation<Schema, Report>,
): void {
  const { name, description, schema, run, describe } = evaluation;
  const command = group.command(name)
    .description(description)
    .argument("[options...]", "options as key=value")
    .option("--json", "print one line of JSON at the end")
    .addHelpText("after", `${examples(...evaluation.examples)}\n`)
    .action(async (args, { json }) => {
      const progress = evalProgress(context.err);
      const options = readOptions(schema, args);
      const report = await run(options, progress).finally(progress.finish);
      printSkipped(context, report.skipped);
      print(context.out, json ? JSON.stringify(report) : describe(report));
    });
  describeOptions(command, schema);
}

/** What every report has. */
interface Skipping {
  skipped: ImageProblem[];
}
