import type { Command } from "../deps/commander.ts";
import { evaluateLogreg, type LogregReport } from "../eval/evaluate_logreg.ts";
import { LogregOptions } from "../eval/probe_options.ts";
import { percent } from "./class_table.ts";
import type { CommandContext } from "./command_line.ts";
import { addEvaluation } from "./eval.ts";
import { atTheEnd, describeProbe } from "./probe_text.ts";

/** Adds `eval logreg`; `run` is what it does. */
export function addEvalLogreg(group: Command, context: CommandContext, run = evaluateLogreg): void {
  addEvaluation(group, context, {
    name: "logreg",
    description: "fit logistic regression to frozen features: quick, and few settings",
    examples: [
      "eval logreg checkpoint=out/first train=photos/train test=photos/test",
      "eval logreg checkpoint=out/first train=a val=b test=c tokens=cls+mean --json",
      "eval logreg checkpoint=out/first train=photos c=1,10,100",
    ],
    schema: LogregOptions,
    run,
    describe: describeLogreg,
  });
}

/** A report as text: accuracy by penalty, the best, then by class. */
export function describeLogreg(report: LogregReport): string {
  const { sweep, best, logreg } = report;
  const rows = sweep.map(({ c, top1, top5, iterations, converged }) =>
    `${String(c).padStart(8)}  ${percent(top1)}  ${percent(top5)}  ${
      String(iterations).padStart(5)
    }${converged ? "" : ", not enough"}`
  );
  return describeProbe(report, logreg, {
    table: [`${"c".padStart(8)}    top-1    top-5  steps`, ...rows],
    best: `c ${best.c}`,
    hint: atTheEnd("c", best.c, sweep.map(({ c }) => c)),
  });
}
