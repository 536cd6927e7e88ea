import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { DINOv2Args } from "../../src/config/method_args.ts";
import { metricsRow, type StepNotes, TrainingError } from "../../src/training/metrics.ts";
import { METRICS } from "../../src/training/step.ts";

const METHOD = DINOv2Args.parse({
  dino_loss_weight: 2,
  ibot_loss_weight: 0.5,
  koleo_loss_weight: 0.25,
});
const NOTES: StepNotes = {
  step: 7,
  epoch: 1,
  settings: { learningRateFactor: 0.5, weightDecay: 0.1, teacherTemp: 0.05, momentum: 0.99 },
  learningRate: 0.002,
  images: 64,
  waitMs: 50,
};
const VALUES: Record<string, number> = {
  dino_global: 1,
  dino_local: 2,
  ibot: 4,
  koleo: 8,
  grad_norm: 3,
  clip_coef: 1,
  loss_scale: 0,
  skipped: 0,
  skipped_steps: 0,
  teacher_entropy: 5,
};

function row(change: Record<string, number> = {}, elapsedMs = 200) {
  const values = Float32Array.from(METRICS, (name) => ({ ...VALUES, ...change })[name]!);
  return metricsRow(values, NOTES, elapsedMs, METHOD);
}

Deno.test("metricsRow() names everything and weighs the terms into the total", () => {
  deepEqual(row(), {
    step: 7,
    epoch: 1,
    train_loss: 10, // 2 · (1 + 2) + 0.5 · 4 + 0.25 · 8
    "train_loss/dino_global_loss": 1,
    "train_loss/dino_local_loss": 2,
    "train_loss/ibot_loss": 4,
    "train_loss/koleo_loss": 8,
    learning_rate: 0.002,
    weight_decay: 0.1,
    teacher_temp: 0.05,
    momentum: 0.99,
    grad_norm: 3,
    teacher_entropy: 5,
    images_per_second: 320,
    data_wait_share: 0.25,
  });
});

Deno.test("metricsRow() tells the loss scale where there is one, and of a skipped step no norm", () => {
  const { loss_scale, skipped_steps, grad_norm } = row({ loss_scale: 1024, skipped_steps: 2 });
  deepEqual([loss_scale, skipped_steps, grad_norm], [1024, 2, 3]);
  const skipped = row({ loss_scale: 512, skipped: 1, skipped_steps: 3, grad_norm: 0 });
  deepEqual([skipped.loss_scale, skipped.skipped_steps], [512, 3]);
  ok(!("grad_norm" in skipped));
});

Deno.test("metricsRow() ends a run whose loss scale fell below 1", () => {
  equal(row({ loss_scale: 1, skipped: 1 }).loss_scale, 1);
  throws(
    () => row({ loss_scale: 0.5, skipped: 1 }),
    new TrainingError(
      "Cannot go on training: loss_scale must be at least 1, got 0.5 in step 7, for gradients " +
        "pass the range of float16 as they are; resume from the last checkpoint with " +
        "precision=32-true or a lower optim_args.lr",
    ),
  );
});

Deno.test("metricsRow() never says that more than all the time went into waiting", () => {
  equal(row({}, 40).data_wait_share, 1);
});

Deno.test("metricsRow() names step and term of what is not finite", () => {
  for (const [name, value] of [["ibot", NaN], ["grad_norm", Infinity]] as const) {
    throws(
      () => row({ [name]: value }),
      new TrainingError(
        `Cannot go on training: ${name} must be finite, got ${value} in step 7; resume from the ` +
          "last checkpoint with a lower optim_args.lr, or a lower method_args.gradient_clip_val",
      ),
    );
  }
});
