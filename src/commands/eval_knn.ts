import type { Command } from "../deps/commander.ts";
import { KnnOptions } from "../eval/eval_options.ts";
import { evaluateKnn, type KnnReport } from "../eval/evaluate_knn.ts";
import { classTable, percent } from "./class_table.ts";
import type { CommandContext } from "./command_line.ts";
import { addEvaluation } from "./eval.ts";

/** Adds `eval knn`; `run` is what it does. */
export function addEvalKnn(group: Command, context: CommandContext, run = evaluateKnn): void {
  addEvaluation(group, context, {
    name: "knn",
    description: "classify images by their nearest neighbours among labelled ones",
    examples: [
      "eval knn checkpoint=out/first train=photos/train test=photos/test",
      "eval knn checkpoint=out/first train=a test=b k=20 tokens=cls+mean --json",
      "eval knn checkpoint=out/first train=a test=b labels=labels.csv    (a table in place of folders)",
      "eval knn checkpoint=dinov2/vits14 train=a test=b        (published weights, to compare)",
    ],
    schema: KnnOptions,
    run,
    describe: describeKnn,
  });
}

/** A report as text: accuracy by the number of neighbours, then by class. */
export function describeKnn(report: KnnReport): string {
  const { knn, images, images_per_second, best_k, classes } = report;
  const rows = Object.entries(knn).map(([k, { top1, top5 }]) =>
    `${k.padStart(10)}  ${percent(top1)}  ${percent(top5)}`
  );
  return [
    `${images} images of ${classes.length} classes, ${images_per_second.toFixed(1)} images/s`,
    "neighbours    top-1    top-5",
    ...rows,
    `by class, of ${best_k} neighbours`,
    ...classTable(report),
  ].join("\n");
}
