import type { Command } from "../deps/commander.ts";
import { embed, type EmbedReport } from "../eval/embed.ts";
import { EmbedOptions } from "../eval/eval_options.ts";
import { type CommandContext, examples, EXIT, print, PROGRAM, shellWord } from "./command_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { onInterrupt } from "./interrupts.ts";
import { describeOptions, readOptions } from "./option_arguments.ts";

/** Adds `embed` to the program; `run` is what it does. */
export function addEmbed(program: Command, context: CommandContext, run = embed): void {
  const command = program.command("embed")
    .description("write the features of images into a file")
    .argument("[options...]", "options as key=value")
    .option("--json", "print one line of JSON at the end")
    .addHelpText("after", EMBED_HELP)
    .action(async (args, { json }) => {
      const report = await withProgress(context, readOptions(EmbedOptions, args), run);
      print(context.out, json ? JSON.stringify(report) : describeEmbed(report));
      if (report.finished) return;
      const again = ["embed", ...args, ...(json ? ["--json"] : [])].map(shellWord).join(" ");
      print(context.err, `go on      ${PROGRAM} ${again}`);
      context.exitCode = EXIT.interrupted;
    });
  describeOptions(command, EmbedOptions);
}

const EMBED_HELP = examples(
  "embed out=features.npy data=photos checkpoint=out/first",
  "embed out=features.csv data=photos checkpoint=out/first tokens=cls+mean --json",
  "embed out=features.parquet data=photos checkpoint=dinov2/vits14    (pandas, DuckDB, Polars)",
  "embed out=patches.safetensors data=photos checkpoint=out/first tokens=patch",
) + "\n\nCtrl-C ends after the current batch (exit code 130); the same command goes on there.\n";

async function withProgress(
  { err }: CommandContext,
  options: EmbedOptions,
  run: typeof embed,
): Promise<EmbedReport> {
  const { style } = err;
  const progress = evalProgress(err);
  using interrupts = onInterrupt(() =>
    progress.onMessage(
      `${style.warning("stopping")} after this batch; Ctrl-C again to stop at once`,
    )
  );
  try {
    return await run(options, {
      ...progress,
      signal: interrupts.signal,
      onSkipped: ({ name, message }) =>
        progress.onMessage(`${style.warning("skipped")} ${name}: ${message}`),
    });
  } finally {
    progress.finish();
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
