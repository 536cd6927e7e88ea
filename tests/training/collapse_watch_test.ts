import { deepEqual, equal, match } from "node:assert/strict";
import { DINOv2Args } from "../../src/config/method_args.ts";
import { CollapseWatch } from "../../src/training/collapse_watch.ts";
import type { MetricsRow } from "../../src/training/metrics_file.ts";

const METHOD = DINOv2Args.parse({ output_dim: 1000, student_freeze_last_layer_steps: 10 });
const UNIFORM = Math.log(1000);

/** A healthy step, but for what is given. */
function row(step: number, change: Partial<MetricsRow> = {}): MetricsRow {
  return {
    step,
    "train_loss/dino_global_loss": 1,
    "train_loss/dino_local_loss": 4,
    "train_loss/ibot_loss": 3,
    teacher_entropy: 2,
    feature_std: 0.9,
    effective_rank: 30,
    ...change,
  };
}

/** What is warned of over a run whose steps are all like this. */
function warningsOf(change: Partial<MetricsRow>, steps = 1000): string[] {
  const warnings: string[] = [];
  const watch = new CollapseWatch(METHOD, (message) => warnings.push(message));
  for (let step = 0; step < steps; step++) watch.onStep(row(step, change));
  return warnings;
}

Deno.test("CollapseWatch says nothing of a healthy run", () => {
  deepEqual(warningsOf({}), []);
});

Deno.test("CollapseWatch tells each kind of collapse once, with advice", () => {
  const alone = (change: Partial<MetricsRow>) => {
    const warnings = warningsOf(change);
    equal(warnings.length, 1);
    match(warnings[0], /lower optim_args\.lr, set method_args\.center_method=sinkhorn_knopp/);
    return warnings[0];
  };
  match(
    alone({ "train_loss/dino_local_loss": UNIFORM - 1 }),
    /^step 310: the DINO loss sits at ln\(output_dim\) = 6\.91, that of a collapsed student; /,
  );
  match(alone({ "train_loss/ibot_loss": UNIFORM }), /^step 310: the iBOT loss sits at ln\(/);
  match(
    alone({ teacher_entropy: 0.995 * UNIFORM }),
    /^step 310: the teacher's targets are uniform \(entropy 6\.87 of at most 6\.91\): the student/,
  );
  match(
    alone({ feature_std: 0.001, effective_rank: 1 }),
    /^step 111: the features of different images are all but the same \(deviation 0\.0010, effective rank 1\.0\); /,
  );
});

Deno.test("CollapseWatch waits until it lasts, and past the start", () => {
  deepEqual(warningsOf({ "train_loss/ibot_loss": UNIFORM }, 300), []);
  const warnings: string[] = [];
  const watch = new CollapseWatch(METHOD, (message) => warnings.push(message));
  for (let step = 0; step < 2000; step++) {
    watch.onStep(row(step, step % 100 === 0 ? {} : { "train_loss/ibot_loss": UNIFORM }));
  }
  deepEqual(warnings, []);
});

Deno.test("CollapseWatch does not watch a loss of weight 0", () => {
  const warnings: string[] = [];
  const method = { ...METHOD, ibot_loss_weight: 0 };
  const watch = new CollapseWatch(method, (message) => warnings.push(message));
  for (let step = 0; step < 1000; step++) {
    watch.onStep(row(step, { "train_loss/ibot_loss": UNIFORM }));
  }
  deepEqual(warnings, []);
});
