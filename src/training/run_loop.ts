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
  checkpoint: string;
  /** The teacher's backbone under official names; null where `callbacks.model_export` is. */
  exported: string | null;
}

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
  const { model_export } = trainer.config.callbacks;
  const { startStep, totalSteps } = span;
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
      const [saves, exports] = [saver.isDue(step), saver.isExportDue(step)];
      if (step === totalSteps || !(saves || exports)) continue; // after the last step both are
      // Before anything is written: a broken state must not replace a good one.
      report(await trainer.read());
      if (saves) await saver.save(step, last);
      if (exports) await saver.export(step);
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
