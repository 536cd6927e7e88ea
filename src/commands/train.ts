import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { mib } from "../gpu/plan.ts";
import type { MetricsRow } from "../training/metrics_file.ts";
import type { RunStart } from "../training/observer.ts";
import type { TrainResult } from "../training/run_loop.ts";
import { train as runTraining } from "../training/train.ts";
import { readTrainArguments, settingsHelp } from "./arguments.ts";
import { type CommandContext, examples, EXIT } from "./command_line.ts";
import { Progress } from "./progress.ts";

/** What ends a run gently: Ctrl-C, and what job schedulers send; Windows knows only the first. */
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** Adds `train` to the program; `run` returns whether the run came to its end. */
export function addTrain(program: Command, context: CommandContext, run = train): void {
  program.command("train")
    .alias("pretrain")
    .description("train a model on a folder of images")
    .argument("[settings...]", "settings as key=value; dots reach into groups")
    .addHelpText("after", () => `${TRAIN_HELP}\n\n${settingsHelp()}`)
    .action(async (args) => {
      if (!await run(await readTrainArguments(args))) context.exitCode = EXIT.interrupted;
    });
}

const TRAIN_HELP = examples(
  "train out=out/first data=my_images model=dinov2/vits14-notpretrained",
  "train out=out/small data=my_images model=dinov2/vitti14 epochs=50 batch_size=64 \\\n" +
    "    method_args.output_dim=4096 transform_args.local_view.num_views=4",
  "resume out/first",
) + "\n\nCtrl-C ends a run after the current step, with a checkpoint (exit code 130).";

/**
 * Trains with a progress bar; Ctrl-C or SIGTERM ends the run after the current step, ready
 * to resume.
 *
 * @returns Whether the run came to its end.
 */
export async function train(config: TrainConfig): Promise<boolean> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) Deno.exit(EXIT.interrupted); // a second Ctrl-C means now
    stop.abort();
    console.error("\nstopping after this step, with a checkpoint; Ctrl-C again to stop at once");
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  let progress: Progress | undefined;
  try {
    const result = await runTraining(config, {
      signal: stop.signal,
      onStart: (start) => {
        console.error(describeStart(start));
        const { totalSteps, batchSize } = start;
        const logEverySteps = config.log_every_num_steps;
        progress = new Progress({ totalSteps, batchSize, logEverySteps });
      },
      onStep: (row) => progress?.update(row.step, shown(row)),
      onMessage: (message) => progress ? progress.message(message) : console.error(message),
    });
    progress?.finish();
    console.error(describeEnd(result, config));
    return result.finished;
  } finally {
    progress?.finish();
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}

function describeStart(start: RunStart): string {
  const { config, adapter, precision, images, totalSteps, startStep, batchSize } = start;
  return [
    `${config.model} on ${images} images of ${[config.data].flat().join(", ")}`,
    `${adapter.name}${adapter.software ? " (software)" : ""}, precision ${precision}, ` +
    `${mib(start.memoryBytes)} of GPU memory`,
    startStep > 0
      ? `resuming at step ${startStep} of ${totalSteps}`
      : `${totalSteps} steps of ${batchSize} images`,
  ].join("\n");
}

function shown(row: MetricsRow): Record<string, number> {
  return {
    loss: row.train_loss,
    dino: row["train_loss/dino_global_loss"] + row["train_loss/dino_local_loss"],
    ibot: row["train_loss/ibot_loss"],
    koleo: row["train_loss/koleo_loss"],
    lr: row.learning_rate,
  };
}

function describeEnd({ finished, steps, checkpoint, exported }: TrainResult, config: TrainConfig) {
  const state = finished
    ? `done after ${steps} steps`
    : `stopped after ${steps} steps; go on with resume_interrupted=true`;
  return `${state}\ncheckpoint ${checkpoint}\nteacher    ${exported}\nmetrics    ${config.out}/metrics.jsonl`;
}
