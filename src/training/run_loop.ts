import type { StopSignal } from "../stop_signal.ts";
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

/** Runs the steps from `startStep` on, and leaves a checkpoint and the exported teacher. */
export async function runSteps(
  trainer: Trainer,
  folder: RunFolder,
  { startStep, totalSteps }: { startStep: number; totalSteps: number },
  observers: Observers,
  signal: StopSignal,
): Promise<TrainResult> {
  const { model_checkpoint, model_export } = trainer.config.callbacks;
  let last: MetricsRow | undefined;
  const report = (rows: MetricsRow[]) => {
    for (const row of rows) observers.onStep(last = observers.extend(row));
  };
  const saver = new Saver(trainer, folder, observers);
  let step = startStep;
  const isDue = (every: number | null = null) =>
    every !== null && step % every === 0 && step < totalSteps; // the last step always is
  let reason = observers.reasonToStop();
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
    const [saves, exports] = [model_checkpoint, model_export].map((callback) =>
      isDue(callback?.every_n_train_steps)
    );
    // Before anything is written: a broken state must not replace a good one.
    if (saves || exports) report(await trainer.read());
    if (saves) await saver.save(step);
    if (exports) await saver.export(step);
  }
  report(await trainer.read());
  const checkpoint = await saver.save(step);
  const exported = model_export === null ? null : await saver.export(step);
  const finished = step >= totalSteps;
  reason = finished ? "all steps are done" : reason!;
  return { steps: step, finished, reason, last, checkpoint, exported };
}
