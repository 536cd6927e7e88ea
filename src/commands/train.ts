import { join } from "node:path";
import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { mib } from "../gpu/plan.ts";
import type { MetricsRow } from "../training/metrics_file.ts";
import type { RunStart } from "../training/observer.ts";
import type { TrainResult } from "../training/run_loop.ts";
import { train as runTraining } from "../training/train.ts";
import { readTrainArguments, settingsHelp } from "./arguments.ts";
import {
  type CommandContext,
  examples,
  EXIT,
  type ExitCode,
  print,
  processContext,
  PROGRAM,
  shellWord,
} from "./command_line.ts";
import { DownloadLine } from "./download_line.ts";
import { onInterrupt } from "./interrupts.ts";
import { formatDuration, Progress } from "./progress.ts";
import type { Style } from "./style.ts";

/** Adds `train` to the program; `run` returns the exit code. */
export function addTrain(program: Command, context: CommandContext, run = train): void {
  program.command("train")
    .alias("pretrain")
    .description("train a model on a folder of images")
    .argument("[settings...]", "settings as key=value; dots reach into groups")
    .addHelpText("after", () => `${TRAIN_HELP}\n\n${settingsHelp()}`)
    .action(async (args) => {
      context.exitCode = await run(await readTrainArguments(args), context);
    });
}

const TRAIN_HELP = examples(
  "train out=out/first data=my_images model=dinov2/vits14-notpretrained",
  "train out=out/further data=my_images model=dinov2/vits14",
  "train out=out/small data=my_images model=dinov2/vitti14 epochs=50 batch_size=64 \\\n" +
    "    method_args.output_dim=4096 transform_args.local_view.num_views=4",
  "resume out/first",
) + "\n\nCtrl-C ends a run after the current step, with a checkpoint (exit code 130).";

/**
 * Trains with a progress bar; Ctrl-C or SIGTERM ends the run after the current step, ready
 * to resume.
 *
 * @returns The exit code: of an interrupted run, of one that harmed its features, or that all is well.
 */
export async function train(
  config: TrainConfig,
  { err }: Pick<CommandContext, "err"> = processContext(),
): Promise<ExitCode> {
  let progress: Progress | undefined;
  const download = new DownloadLine(err);
  let begun: RunStart | undefined;
  let evaluated: Record<string, number> = {};
  const startMs = performance.now();
  const say = (text: string) => {
    download.finish();
    if (progress === undefined && err.style.terminal) err.write("\r\x1b[K"); // of what was measured
    const line = withMark(text, err.style);
    if (progress === undefined) print(err, line);
    else progress.message(line);
  };
  using interrupts = onInterrupt(() => {
    say("stopping after this step, with a checkpoint; Ctrl-C again to stop at once");
  });
  try {
    const result = await runTraining(config, {
      signal: interrupts.signal,
      onStart: (start) => {
        begun = start;
        say(describeStart(start));
        const { totalSteps, batchSize } = start;
        const logEverySteps = config.log_every_num_steps;
        progress = new Progress({ totalSteps, batchSize, logEverySteps, output: err });
      },
      onStep(row) {
        evaluated = { ...evaluated, ...shownEvaluation(row) };
        progress?.update(row.step, shown(row, evaluated));
      },
      onEvaluation: (done, total) => progress?.aside(`evaluating ${done}/${total} images`),
      onTuning(done, total) {
        const text = done < total ? `measuring kernels ${done}/${total}` : "";
        if (err.style.terminal) err.write(`\r\x1b[K${text}`);
      },
      onMessage: say,
      onDownload: (done, total) => download.update(done, total),
    });
    progress?.finish();
    print(
      err,
      begun === undefined
        ? `stopped (${result.reason}) before the first step; nothing has changed`
        : describeEnd(result, begun, performance.now() - startMs),
    );
    return exitCodeOf(result);
  } finally {
    progress?.finish();
    download.finish();
  }
}

/** Words that somebody should not miss, in the color of warnings. */
function withMark(text: string, style: Style): string {
  return text.replace(/^(warning:|skipped|stopping)/, (word) => style.warning(word));
}

/** What a run is about to do. */
export function describeStart(start: RunStart): string {
  const { config, adapter, precision, images, totalSteps, startStep, batchSize } = start;
  const epochs = totalSteps / start.stepsPerEpoch;
  const length = `${totalSteps} steps of ${batchSize} images, ${plural(epochs, "epoch")}`;
  return [
    `${config.model} on ${images} images of ${[config.data].flat().join(", ")}`,
    `${adapter.name}${adapter.software ? " (software)" : ""}, precision ${precision}, ` +
    `${mib(start.memoryBytes)} of GPU memory`,
    startStep > 0 ? `resuming at step ${startStep} of ${length}` : length,
  ].join("\n");
}

function plural(count: number, word: string): string {
  const text = count < 10 ? count.toFixed(1).replace(/\.0$/, "") : count.toFixed(0);
  return `${text} ${word}${text === "1" ? "" : "s"}`;
}

/** What a line has room for; a narrow one has what comes first. */
function shown(row: MetricsRow, evaluated: Record<string, number>): Record<string, number> {
  return {
    loss: row.train_loss,
    ...evaluated,
    dino: row["train_loss/dino_global_loss"] + row["train_loss/dino_local_loss"],
    ibot: row["train_loss/ibot_loss"],
    koleo: row["train_loss/koleo_loss"],
    lr: row.learning_rate,
  };
}

/** Of a row after whose step the run was evaluated, what that came to. */
function shownEvaluation({ knn_top1, rank_me }: MetricsRow): Record<string, number> {
  return {
    ...(knn_top1 === undefined ? {} : { knn: knn_top1 }),
    ...(rank_me === undefined ? {} : { rank: rank_me }),
  };
}

function exitCodeOf({ reason, harmed }: TrainResult): ExitCode {
  if (harmed) return EXIT.failed;
  return reason === "interrupted" ? EXIT.interrupted : EXIT.ok; // ended early as it was told
}

/** How a run ended, what it left where, and how to go on with one that is not done. */
export function describeEnd(result: TrainResult, start: RunStart, elapsedMs: number): string {
  const { finished, harmed, steps, reason, checkpoint, exported } = result;
  const { out } = start.config;
  const state = finished && !harmed ? "done" : `stopped (${reason})`;
  const images = (steps - start.startStep) * start.batchSize;
  const rate = (images / elapsedMs * 1000).toFixed(1);
  return [
    `${state} after ${steps} steps; ${formatDuration(elapsedMs)} in all, ${rate} images/s`,
    ...(checkpoint === null ? [] : [`checkpoint ${checkpoint}`]),
    ...(exported === null ? [] : [`teacher    ${exported}`]),
    `metrics    ${join(out, "metrics.jsonl")}`,
    `log        ${join(out, "train.log")}`,
    `pictures   ${join(out, "augmentations.png")}, of the first batch`,
    ...(finished ? [] : [`go on      ${PROGRAM} resume ${shellWord(out)}`]),
  ].join("\n");
}
