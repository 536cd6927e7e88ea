import type { DINOv2Args } from "../config/method_args.ts";
import type { StepSettings } from "../optim/schedules.ts";
import type { MetricsRow } from "./metrics_file.ts";
import { METRICS } from "./step.ts";

/** Below it scaling makes gradients smaller: what it is for cannot be reached any more. */
const LEAST_LOSS_SCALE = 1;

/** A loss or gradient that is not a number any more; the run stops. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

/** The images of a micro-batch: by their names, and by their places in the image set. */
export interface MicroBatch {
  epoch: number;
  images: string[];
  indices: number[];
}

/** A number of a step that is not finite, with what is needed to see why. */
export class NonFiniteError extends TrainingError {
  /** Rows of the steps before it whose numbers came back together with it. */
  rows: MetricsRow[] = [];
  /** What the step was trained on. */
  batches: MicroBatch[] = [];

  constructor(
    message: string,
    readonly step: number,
    readonly term: string,
    readonly value: number,
  ) {
    super(message);
  }
}

/** What the host knows of a step before its numbers come back. */
export interface StepNotes {
  step: number;
  epoch: number;
  settings: StepSettings;
  learningRate: number;
  /** Images of the whole step, over all micro-batches. */
  images: number;
  /** Milliseconds the loop waited for data. */
  waitMs: number;
}

/**
 * One row of `metrics.jsonl`; the loss terms are before their weights, as the reference logs them.
 *
 * @param values The step's metrics tensor.
 * @param elapsedMs Milliseconds the step took.
 * @throws {NonFiniteError} If a term is not finite; names the step and the term.
 */
export function metricsRow(
  values: Float32Array,
  notes: StepNotes,
  elapsedMs: number,
  method: DINOv2Args,
): MetricsRow {
  const value = (name: string) => values[METRICS.indexOf(name)];
  for (const name of METRICS) {
    if (Number.isFinite(value(name))) continue;
    throw new NonFiniteError(
      `Cannot go on training: ${name} must be finite, got ${value(name)} in step ${notes.step}; ` +
        "resume from the last checkpoint with a lower optim_args.lr, or a lower " +
        "method_args.gradient_clip_val",
      notes.step,
      name,
      value(name),
    );
  }
  const scaling = lossScaling(value("loss_scale"), notes.step);
  const skipped = value("skipped") > 0;
  const { settings } = notes;
  const dino = value("dino_global") + value("dino_local");
  const total = method.dino_loss_weight * dino + method.ibot_loss_weight * value("ibot") +
    method.koleo_loss_weight * value("koleo");
  return {
    step: notes.step,
    epoch: notes.epoch,
    train_loss: total,
    "train_loss/dino_global_loss": value("dino_global"),
    "train_loss/dino_local_loss": value("dino_local"),
    "train_loss/ibot_loss": value("ibot"),
    "train_loss/koleo_loss": value("koleo"),
    learning_rate: notes.learningRate,
    weight_decay: settings.weightDecay,
    teacher_temp: settings.teacherTemp,
    momentum: settings.momentum,
    ...(skipped ? {} : { grad_norm: value("grad_norm") }),
    ...(scaling ? { loss_scale: scaling, skipped_steps: value("skipped_steps") } : {}),
    teacher_entropy: value("teacher_entropy"),
    images_per_second: notes.images / (elapsedMs / 1000),
    data_wait_share: Math.min(1, notes.waitMs / elapsedMs),
  };
}

/**
 * The scale of a step's gradients; 0 where they are not scaled.
 *
 * @throws {NonFiniteError} If it has fallen so far that no step will count again.
 */
function lossScaling(scale: number, step: number): number {
  if (scale === 0 || scale >= LEAST_LOSS_SCALE) return scale;
  throw new NonFiniteError(
    `Cannot go on training: loss_scale must be at least ${LEAST_LOSS_SCALE}, got ${scale} in step ` +
      `${step}, for gradients pass the range of float16 as they are; resume from the last ` +
      "checkpoint with precision=32-true or a lower optim_args.lr",
    step,
    "loss_scale",
    scale,
  );
}
