import { checkOptions } from "../config/check_options.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import type { Command } from "../deps/commander.ts";
import { embed, type EmbedReport } from "../eval/embed.ts";
import { EmbedOptions } from "../eval/eval_options.ts";
import { optionsHelp } from "./arguments.ts";
import { type CommandContext, examples, EXIT, print, PROGRAM, shellWord } from "./command_line.ts";
import { onInterrupt } from "./interrupts.ts";
import { Progress } from "./progress.ts";

/** Adds `embed` to the program; `run` is what it does. */
export function addEmbed(program: Command, context: CommandContext, run = embed): void {
  program.command("embed")
    .description("write the features of images into a file")
    .argument("[options...]", "options as key=value")
    .option("--json", "print one line of JSON at the end")
    .addHelpText("after", EMBED_HELP)
    .addHelpText(
      "after",
      () => optionsHelp(EmbedOptions, "Options, written as key=value (default):"),
    )
    .action(async (args, { json }) => {
      const { values, problems, files } = parseArguments(args);
      const unread = files.map(() => ({
        key: "config",
        message: "is not read here; leave it out",
      }));
      const options = checkOptions(EmbedOptions, values, [...problems, ...unread]);
      const report = await withProgress(context, options, run);
      print(context.out, json ? JSON.stringify(report) : describeEmbed(report));
      if (report.finished) return;
      const again = ["embed", ...args, ...(json ? ["--json"] : [])].map(shellWord).join(" ");
      print(context.err, `go on      ${PROGRAM} ${again}`);
      context.exitCode = EXIT.interrupted;
    });
}

const EMBED_HELP = examples(
  "embed out=features.npy data=photos checkpoint=out/first",
  "embed out=features.csv data=photos checkpoint=out/first tokens=cls+mean --json",
  "embed out=patches.safetensors data=photos checkpoint=out/first tokens=patch",
) + "\n\nCtrl-C ends after the current batch (exit code 130); the same command goes on there.\n";

async function withProgress(
  { err: output }: CommandContext,
  options: EmbedOptions,
  run: typeof embed,
): Promise<EmbedReport> {
  let progress: Progress | undefined;
  const say = (text: string) =>
    progress === undefined ? print(output, text) : progress.message(text);
  const { style } = output;
  using interrupts = onInterrupt(() =>
    say(`${style.warning("stopping")} after this batch; Ctrl-C again to stop at once`)
  );
  try {
    return await run(options, {
      signal: interrupts.signal,
      onMessage: say,
      onSkipped: ({ name, message }) => say(`${style.warning("skipped")} ${name}: ${message}`),
      onImages(done, totalSteps) {
        const logEverySteps = Math.max(1, Math.ceil(totalSteps / 10));
        const shown = { totalSteps, unit: "image", batchSize: 1, logEverySteps, output };
        progress ??= new Progress(shown);
        progress.update(done - 1, {});
      },
    });
  } finally {
    progress?.finish();
  }
}

/** A report as text. */
export function describeEmbed(report: EmbedReport): string {
  const { out, finished, images, skipped, width, images_per_second } = report;
  const left = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
  const state = finished ? `${out}: ` : `stopped, ${out} is not whole yet: `;
  return `${state}${images} images, vectors of ${width}${left}, ` +
    `${images_per_second.toFixed(1)} images/s`;
}
