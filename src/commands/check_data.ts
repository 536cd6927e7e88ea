import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { checkImages, type DataReport, type Spread } from "../images/check_images.ts";
import { mib } from "../gpu/plan.ts";
import { workersOf } from "../data/workers.ts";
import { readDataArguments } from "./arguments.ts";
import { type CommandContext, examples, EXIT, printFound } from "./command_line.ts";
import { ImageProgress } from "./image_progress.ts";

/** Groups of duplicates that the text lists; the JSON has all. */
const SHOWN_GROUPS = 20;

/** Adds `check-data` to the program; `run` is what it does. */
export function addCheckData(program: Command, context: CommandContext, run = checkData): void {
  program.command("check-data")
    .description("read every image and report sizes, formats, unreadable files and duplicates")
    .argument("[settings...]", "settings as key=value; all but data may be left out")
    .option("--json", "print the whole report as JSON")
    .addHelpText("after", CHECK_DATA_HELP)
    .action(async (args, { json }) => {
      const config = await readDataArguments(args);
      const report = await run(config, context);
      printFound(context, report, json, describeReport);
      if (!isUsable(report, config)) context.exitCode = EXIT.failed;
    });
}

const CHECK_DATA_HELP = examples(
  "check-data data=my_images",
  `check-data 'data=["my_images","more/a.jpg"]' --json`,
  "check-data data=my_images data_errors=fail",
) + "\n\nExit code 1 if no image can be read; with data_errors=fail, if one cannot.";

/** Reads every image of `data`, and shows how far it is. */
export async function checkData(
  config: TrainConfig,
  { err: output }: Pick<CommandContext, "err">,
): Promise<DataReport> {
  const progress = new ImageProgress(output);
  const report = await checkImages(config.data, {
    numWorkers: workersOf(config),
    channels: config.transform_args.num_channels,
    onImage: (done, total) => progress.onImages(done, total),
  });
  progress.finish();
  return report;
}

/** Whether a run with these settings could use the data. */
function isUsable({ images, unreadable, problems }: DataReport, config: TrainConfig): boolean {
  if (config.data_errors === "fail") return unreadable.length + problems.length === 0;
  return unreadable.length < images;
}

/**
 * A report as text.
 *
 * @example
 * ```ts
 * import { checkImages } from "../images/check_images.ts";
 * import { describeReport } from "./check_data.ts";
 *
 * async function check(folder: string) {
 *   console.log(describeReport(await checkImages(folder, { numWorkers: 2 })));
 * }
 * ```
 */
export function describeReport(report: DataReport): string {
  const { images, unreadable, problems, duplicates, threads } = report;
  const formats = Object.entries(report.formats).map(([name, count]) => `${count} ${name}`);
  const copies = duplicates.reduce((count, names) => count + names.length - 1, 0);
  const lines = [
    `images      ${images}: ${[...formats, `${unreadable.length} unreadable`].join(", ")}`,
    ...spreadLine("width", report.width, String),
    ...spreadLine("height", report.height, String),
    ...spreadLine("in memory", report.decodedBytes, sizeText),
    `all         ${sizeText(report.totalDecodedBytes)} in memory, ` +
    `${sizeText(report.totalFileBytes)} on disk`,
    `decoding    ${report.decodedPerSecondAndThread.toFixed(0)} images/s and thread; ` +
    `${report.imagesPerSecond.toFixed(0)} images/s with reading and comparing, ` +
    `${threads} ${threads === 1 ? "thread" : "threads"}`,
    `duplicates  ${copies} with the same pixels as another image`,
    ...duplicates.slice(0, SHOWN_GROUPS).map((names) => `  ${names.join(" = ")}`),
  ];
  if (duplicates.length > SHOWN_GROUPS) {
    lines.push(`  and ${duplicates.length - SHOWN_GROUPS} groups more; --json lists all`);
  }
  const broken = [...problems, ...unreadable].map(({ name, message }) => `  ${name}: ${message}`);
  if (broken.length > 0) lines.push("unreadable", ...broken);
  return lines.join("\n");
}

function spreadLine(name: string, spread: Spread | null, text: (value: number) => string) {
  if (spread === null) return [];
  const { min, median, max } = spread;
  return [`${name.padEnd(12)}${text(min)} to ${text(max)}, median ${text(median)}`];
}

function sizeText(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : mib(bytes);
}
