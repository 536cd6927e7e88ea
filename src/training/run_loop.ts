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
  /** The teacher's backbone under official names. */
  exported: string;
}

/** Runs the steps from `startStep` on, and leaves a checkpoint and the exported teacher. */
export async function runSteps(
  trainer: Trainer,
  folder: RunFolder,
  { startStep, totalSteps }: { startStep: number; totalSteps: number },
  observers: Observers,
  signal: AbortSignal | undefined,
): Promise<TrainResult> {
  const { every_n_train_steps: saveEvery } = trainer.config.callbacks.model_checkpoint;
  let last: MetricsRow | undefined;
  const report = (rows: MetricsRow[]) => {
    for (const row of rows) observers.onStep(last = row);
  };
  const saver = new Saver(trainer, folder, observers);
  let step = startStep;
  let reason: string | undefined;
  while (step < totalSteps && reason === undefined) {
    if (signal?.aborted) {
      reason = "interrupted";
      break;
    }
    const rows = await trainer.run(step, (errors) => {
      for (const { path, message } of errors) observers.onMessage(`skipped ${path}: ${message}`);
    });
    report(rows);
    step++;
    reason = observers.reasonToStop();
    if (saveEvery !== null && step % saveEvery === 0 && step < totalSteps) {
      report(await trainer.read()); // before saving: a broken state must not replace a good one
      await saver.save(step);
    }
  }
  report(await trainer.read());
  const checkpoint = await saver.save(step);
  await saver.export(step);
  const finished = step >= totalSteps;
  reason = finished ? "all steps are done" : reason!;
  return { steps: step, finished, reason, last, checkpoint, exported: folder.exportedLast };
}
