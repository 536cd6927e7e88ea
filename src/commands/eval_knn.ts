import type { Command } from "../deps/commander.ts";
import { KnnOptions } from "../eval/eval_options.ts";
import { evaluateKnn, type KnnReport } from "../eval/evaluate_knn.ts";
import { optionsHelp } from "./arguments.ts";
import { type CommandContext, examples, print } from "./command_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { readOptions } from "./option_arguments.ts";

/** More classes than this are not printed one by one. */
const SHOWN_CLASSES = 30;

/** Adds `eval knn` to the program; `run` is what it does. */
export function addEvalKnn(program: Command, context: CommandContext, run = evaluateKnn): void {
  const group = program.command("eval")
    .description("tell how good the features of a model are")
    .addHelpText("after", examples("eval knn --help"));
  group.command("knn")
    .description("classify images by their nearest neighbours among labelled ones")
    .argument("[options...]", "options as key=value")
    .option("--json", "print one line of JSON at the end")
    .addHelpText("after", KNN_HELP)
    .addHelpText("after", () => optionsHelp(KnnOptions, "Options, written as key=value (default):"))
    .action(async (args, { json }) => {
      const progress = evalProgress(context.err);
      const options = readOptions(KnnOptions, args);
      const report = await run(options, progress).finally(progress.finish);
      for (const { name, message } of report.skipped) {
        print(context.err, `${context.err.style.warning("skipped")} ${name}: ${message}`);
      }
      print(context.out, json ? JSON.stringify(report) : describeKnn(report));
    });
}

const KNN_HELP = examples(
  "eval knn checkpoint=out/first train=photos/train test=photos/test",
  "eval knn checkpoint=out/first train=a test=b k=20 tokens=cls+mean --json",
  "eval knn checkpoint=out/first train=a test=b labels=labels.csv    (a table in place of folders)",
  "eval knn checkpoint=dinov2/vits14 train=a test=b        (published weights, to compare)",
) + "\n";

/** A report as text: accuracy by the number of neighbours, then by class. */
export function describeKnn(report: KnnReport): string {
  const { knn, images, images_per_second, best_k, classes, class_top1, class_images } = report;
  const rows = Object.entries(knn).map(([k, { top1, top5 }]) =>
    `${k.padStart(10)}  ${percent(top1)}  ${percent(top5)}`
  );
  const byClass = classes.slice(0, SHOWN_CLASSES).map((name, i) => {
    const share = `${percent(class_top1[i])}  of ${class_images[i]}`;
    return `  ${name.padEnd(24)} ${share}${mistakenFor(report, i)}`;
  });
  const rest = classes.length - SHOWN_CLASSES;
  return [
    `${images} images of ${classes.length} classes, ${images_per_second.toFixed(1)} images/s`,
    "neighbours    top-1    top-5",
    ...rows,
    `by class, of ${best_k} neighbours`,
    ...byClass,
    ...(rest > 0 ? [`  and ${rest} more; --json has all`] : []),
  ].join("\n");
}

/** The class that one is taken for most often. */
function mistakenFor({ classes, confusion }: KnnReport, row: number): string {
  const others = (confusion[row] ?? []).map((count, column) => column === row ? 0 : count);
  const most = Math.max(0, ...others);
  return most === 0 ? "" : `, ${most} taken for ${classes[others.indexOf(most)]}`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? "      –" : `${(100 * share).toFixed(1)} %`.padStart(7);
}
