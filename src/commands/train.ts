import type { TrainConfig } from "../config/train_config.ts";
import { mib } from "../gpu/plan.ts";
import type { MetricsRow } from "../training/metrics_file.ts";
import type { RunStart } from "../training/observer.ts";
import type { TrainResult } from "../training/run_loop.ts";
import { train as runTraining } from "../training/train.ts";
import { EXIT } from "./program.ts";
import { Progress } from "./progress.ts";

/** What ends a run gently: Ctrl-C, and what job schedulers send; Windows knows only the first. */
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

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
  return [
    state,
    `checkpoint ${checkpoint}`,
    ...(exported === null ? [] : [`teacher    ${exported}`]),
    `log        ${config.out}/train.log`,
  ].join("\n");
}
