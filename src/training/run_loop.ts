import type { StopSignal } from "../stop_signal.ts";
import type { EvaluationTime, Evaluator } from "./evaluation/evaluator.ts";
import { failedStep } from "./failed_step.ts";
import { NonFiniteError } from "./metrics.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { Observers } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import type { RunProfile } from "./run_profile.ts";
import { RunRows } from "./run_rows.ts";
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
  /** True if what ended it early means that it went wrong, as features that became worse do. */
  harmed: boolean;
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
  harmed: false,
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

/** What a run is made with. */
export interface RunParts {
  trainer: Trainer;
  /** Null where nothing is evaluated. */
  evaluator: Evaluator | null;
  /** Null where nothing is profiled. */
  profile: RunProfile | null;
  folder: RunFolder;
}

/** Runs the steps from `startStep` on, and leaves a checkpoint and the exported teacher. */
export async function runSteps(
  parts: RunParts,
  span: RunSpan,
  observers: Observers,
  signal: StopSignal,
): Promise<TrainResult> {
  const { trainer, folder, profile } = parts;
  const { startStep, totalSteps } = span;
  const { model_export } = trainer.config.callbacks;
  const saver = new Saver(trainer, folder, observers, startStep);
  const rows = new RunRows(trainer.config, observers, span.before);
  let step = startStep;
  const exportsAt = model_export?.every_n_train_steps ?? null;
  let reason = observers.reasonToStop();
  try {
    if (reason === undefined) await evaluateStart(parts, span, rows, signal);
    while (step < totalSteps && reason === undefined) {
      if (signal.aborted) {
        reason = "interrupted";
        break;
      }
      await profile?.beginStep();
      rows.add(
        await trainer.run(step, (errors) => {
          for (const { path, message } of errors) {
            observers.onMessage(`skipped ${path}: ${message}`);
          }
        }),
      );
      step++;
      rows.add(await profile?.endStep() ?? []);
      const isLast = step >= totalSteps; // which is saved and exported in any case
      const [saves, exports] = [saver.isDue(step), exportsAt !== null && step % exportsAt === 0];
      const isDecided = observers.needsRow(step - 1);
      // Before anything is written: a broken state must not replace a good one.
      if ((saves || exports || isDecided) && !isLast) rows.add(await trainer.read());
      await evaluate(parts, { step, saves, isLast }, rows);
      rows.tell();
      reason = observers.reasonToStop();
      const goesOn = !isLast && reason === undefined;
      if (saves && goesOn) await saver.save(step, rows.forCheckpoint);
      if (exports && goesOn) await saver.export(step);
    }
    rows.add(await trainer.read());
    rows.tell();
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    rows.add(error.rows);
    rows.tell();
    throw await failedStep(error, folder, trainer.config, saver.lastStep);
  }
  const checkpoint = await saver.save(step, rows.forCheckpoint);
  const exported = model_export === null ? null : await saver.export(step);
  const finished = step >= totalSteps;
  const harmed = reason !== undefined && observers.stopsForHarm;
  reason = finished && !harmed ? "all steps are done" : reason!;
  return { steps: step, finished, reason, harmed, last: rows.last, checkpoint, exported };
}

/**
 * Looks at the features before the first step, where no session has: the first row tells.
 * What is ended by the signal meanwhile is done by the next session.
 */
async function evaluateStart(
  { evaluator, trainer }: RunParts,
  { startStep, totalSteps, before }: RunSpan,
  rows: RunRows,
  signal: StopSignal,
): Promise<void> {
  if (evaluator === null || startStep >= totalSteps || evaluator.knowsStart(before)) return;
  const time = { step: startStep, saves: false, isLast: true };
  const metrics = await evaluator.evaluate(time, signal);
  trainer.restartClock();
  if (metrics !== undefined) rows.start = { step: startStep, metrics };
}

/** Looks at the features if that is due, and adds what comes of it to the row of the last step. */
async function evaluate(
  { evaluator, trainer }: RunParts,
  time: EvaluationTime,
  rows: RunRows,
): Promise<void> {
  if (!evaluator?.isDue(time)) return;
  if (rows.start?.step === time.step - 1) return; // its row has what came before it
  rows.add(await trainer.read());
  rows.attach(await evaluator.evaluate(time));
  trainer.restartClock();
}
