import type { DINOv2Args } from "../config/method_args.ts";
import type { OptimArgs } from "../config/optim_args.ts";

/** What the schedules say for one optimizer step. */
export interface StepSettings {
  /** Multiplies every parameter's own rate (scaled rate × layerwise decay). */
  learningRateFactor: number;
  /** Of the parameters that decay at all. */
  weightDecay: number;
  /** Softmax temperature of the teacher's targets. */
  teacherTemp: number;
  /** Of the teacher update at the end of this step. */
  momentum: number;
}

/**
 * Cosine from `start` at step 0 to `end` at step `totalSteps - 1`, and `end` from there on.
 */
export function cosineSchedule(
  step: number,
  totalSteps: number,
  start: number,
  end: number,
): number {
  if (totalSteps <= 1 || step >= totalSteps - 1) return end;
  return end - (end - start) * (Math.cos(Math.PI * step / (totalSteps - 1)) + 1) / 2;
}

/** Straight line from `start` at step 0 to `end` at step `warmupSteps`, and `end` from there on. */
export function linearWarmup(step: number, warmupSteps: number, start: number, end: number) {
  return step < warmupSteps ? start + (end - start) * step / warmupSteps : end;
}

/**
 * Factor on the learning rate: rises linearly to 1 over the warmup, then falls along a cosine.
 *
 * @param endFactor Value at the last step, `min_lr / scaled learning rate`.
 */
export function learningRateFactor(
  step: number,
  totalSteps: number,
  warmupSteps: number,
  endFactor: number,
): number {
  const warmup = Math.min(totalSteps - 1, warmupSteps); // a short run still reaches its peak
  if (step < warmup) return (step + 1) / warmup;
  return cosineSchedule(step - warmup, totalSteps - warmup, 1, endFactor);
}

/** Learning rate for `batchSize` images a step, given the rate meant for `referenceBatchSize`. */
export function scaledLearningRate(
  lr: number,
  batchSize: number,
  method: "sqrt" | "linear",
  referenceBatchSize: number,
): number {
  const ratio = batchSize / referenceBatchSize;
  switch (method) {
    case "sqrt":
      return lr * Math.sqrt(ratio);
    case "linear":
      return lr * ratio;
  }
}

/** What {@linkcode Schedules} needs to know about a run. */
export interface ScheduleSettings {
  method: DINOv2Args;
  optim: Pick<OptimArgs, "lr" | "weight_decay">;
  /** Images of an optimizer step. */
  batchSize: number;
  totalSteps: number;
}

/**
 * All schedules of a run; a pure function of the step, so a resumed run needs no saved state.
 *
 * @example
 * ```ts
 * import { DINOv2Args } from "../config/method_args.ts";
 * import { Schedules } from "./schedules.ts";
 *
 * const schedules = new Schedules({
 *   method: DINOv2Args.parse({ warmup_steps: 10 }),
 *   optim: { lr: 0.004, weight_decay: 0.04 },
 *   batchSize: 64,
 *   totalSteps: 100,
 * });
 * console.log(schedules.scaledLr, schedules.at(0).learningRateFactor); // 0.001 0.1
 * ```
 */
export class Schedules {
  /** Learning rate of a parameter with layerwise factor 1 where the schedule's factor is 1. */
  readonly scaledLr: number;
  readonly weightDecayStart: number;

  constructor(readonly settings: ScheduleSettings) {
    const { method, optim, batchSize } = settings;
    this.scaledLr = scaledLearningRate(
      optim.lr,
      batchSize,
      method.lr_scale_method,
      method.reference_batch_size,
    );
    const { weight_decay_start } = method;
    this.weightDecayStart = weight_decay_start === "auto" ? optim.weight_decay : weight_decay_start;
  }

  /** Values for step `step`, counted from 0. */
  at(step: number): StepSettings {
    const { method, totalSteps } = this.settings;
    return {
      learningRateFactor: learningRateFactor(
        step,
        totalSteps,
        method.warmup_steps,
        method.min_lr / this.scaledLr,
      ),
      weightDecay: cosineSchedule(
        step,
        totalSteps,
        this.weightDecayStart,
        method.weight_decay_end,
      ),
      teacherTemp: linearWarmup(
        step,
        method.teacher_temp_warmup_steps,
        method.teacher_temp_start,
        method.teacher_temp_end,
      ),
      // The reference advances its step counter before the teacher follows the student.
      momentum: cosineSchedule(step + 1, totalSteps, method.momentum_start, method.momentum_end),
    };
  }
}
