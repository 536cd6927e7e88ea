import type { StopSignal } from "../stop_signal.ts";
import { failedStep } from "./failed_step.ts";
import { NonFiniteError } from "./metrics.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { Observers } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import { Saver } from "./saver.ts";
import type { Trainer } from "./trainer.ts";

/** Where a run ended. */
export interface TrainResult {
  /** Optimizer steps done, over all sessions of the run. */
  steps: number;
  /** False if something ended it early. */
  finished: boolean;
  /** Why it ended where it did. */
  reason: string;
  /** The last row of the metrics. */
  last: MetricsRow | undefined;
  /** Null if it was ended before it began to change anything. */
  checkpoint: string | null;
  /** The teacher's backbone under official names; null where `callbacks.model_export` is. */
  exported: string | null;
}

/** A run that was ended while it was being prepared: nothing in its folder has changed. */
export const NOTHING_DONE: TrainResult = {
  steps: 0,
  finished: false,
  reason: "interrupted",
  last: undefined,
  checkpoint: null,
  exported: null,
};

/** Where a run begins and where it is to end. */
export interface RunSpan {
  startStep: number;
  totalSteps: number;
  /** The numbers of the step before the first, in a resumed run. */
  before?: MetricsRow;
}

/** Runs the steps from `startStep` on, and leaves a checkpoint and the exported teacher. */
export async function runSteps(
  trainer: Trainer,
  folder: RunFolder,
  span: RunSpan,
  observers: Observers,
  signal: StopSignal,
): Promise<TrainResult> {
  const { startStep, totalSteps } = span;
  const { model_export } = trainer.config.callbacks;
  let last: MetricsRow | undefined;
  const saver = new Saver(trainer, folder, observers, startStep);
  const report = (rows: MetricsRow[]) => {
    for (const row of rows) {
      const extended = observers.extend(row);
      if (last === undefined) saver.checkMonitor(extended);
      observers.onStep(last = extended);
    }
  };
  let step = startStep;
  const exportsAt = model_export?.every_n_train_steps ?? null;
  let reason = observers.reasonToStop();
  try {
    while (step < totalSteps && reason === undefined) {
      if (signal.aborted) {
        reason = "interrupted";
        break;
      }
      const rows = await trainer.run(step, (errors) => {
        for (const { path, message } of errors) observers.onMessage(`skipped ${path}: ${message}`);
      });
      report(rows);
      step++;
      reason = observers.reasonToStop();
      const isLast = step >= totalSteps; // which is saved and exported in any case
      const [saves, exports] = [saver.isDue(step), exportsAt !== null && step % exportsAt === 0];
      // Before anything is written: a broken state must not replace a good one.
      if ((saves || exports) && !isLast) report(await trainer.read());
      if (saves && !isLast) await saver.save(step, last);
      if (exports && !isLast) await saver.export(step);
    }
    report(await trainer.read());
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    report(error.rows);
    throw await failedStep(error, folder, trainer.config, saver.lastStep);
  }
  const checkpoint = await saver.save(step, last ?? span.before);
  const exported = model_export === null ? null : await saver.export(step);
  const finished = step >= totalSteps;
  reason = finished ? "all steps are done" : reason!;
  return { steps: step, finished, reason, last, checkpoint, exported };
}
