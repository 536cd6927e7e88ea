import type { Command } from "../deps/commander.ts";
import { evaluateLinear, type LinearReport, type LinearRow } from "../eval/evaluate_linear.ts";
import { LinearOptions } from "../eval/probe_options.ts";
import { percent } from "./class_table.ts";
import type { CommandContext } from "./command_line.ts";
import { addEvaluation } from "./eval.ts";
import { atTheEnd, describeProbe } from "./probe_text.ts";

/** Adds `eval linear`; `run` is what it does. */
export function addEvalLinear(group: Command, context: CommandContext, run = evaluateLinear): void {
  addEvaluation(group, context, {
    name: "linear",
    description: "train linear classifiers on frozen features, many at once",
    examples: [
      "eval linear checkpoint=out/first train=photos/train test=photos/test",
      "eval linear checkpoint=out/first train=a val=b test=c epochs=30 --json",
      "eval linear checkpoint=out/first train=photos blocks=1 lr=0.001,0.01,0.1",
    ],
    schema: LinearOptions,
    run,
    describe: describeLinear,
  });
}

/** A report as text: the first guesses of the sweep as a table, the best, then by class. */
export function describeLinear(report: LinearReport): string {
  const { sweep, best, linear } = report;
  const columns = [...new Set(sweep.map(seenBy))];
  const rates = [...new Set(sweep.map(({ lr }) => lr))];
  const widths = columns.map((column) => Math.max(column.length, 7));
  const rowOf = (rate: number) =>
    columns.map((column, i) => {
      const found = sweep.find((row) => row.lr === rate && seenBy(row) === column)!;
      return `  ${percent(found.top1).padStart(widths[i])}`;
    });
  return describeProbe(report, linear, {
    table: [
      `${"lr".padStart(8)}${
        columns.map((column, i) => `  ${column.padStart(widths[i])}`).join("")
      }`,
      ...rates.map((rate) => `${String(rate).padStart(8)}${rowOf(rate).join("")}`),
    ],
    best: `lr ${best.lr}, ${seenBy(best)}`,
    hint: atTheEnd("lr", best.lr, rates),
  });
}

/** What a classifier sees, in a few letters. */
function seenBy({ blocks, mean }: LinearRow): string {
  return `${mean ? "cls+mean" : "cls"} of ${blocks}`;
}
