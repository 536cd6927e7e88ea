import { equal } from "node:assert/strict";
import { DINOv2Args } from "../../src/config/method_args.ts";
import { cosineSchedule, scaledLearningRate, Schedules } from "../../src/optim/schedules.ts";
import { loadCase } from "../support/golden.ts";

/** Schedules are double precision on both sides: only the order of operations may differ. */
const TOLERANCE = 1e-9;

function near(actual: number, expected: number, what: string) {
  const error = Math.abs(actual - expected);
  equal(error <= TOLERANCE, true, `${what}: ${actual} is ${error} away from ${expected}`);
}

/** The method settings among the fields of a recorded schedule or training case. */
function methodOf(recorded: Record<string, unknown>): DINOv2Args {
  const known = Object.keys(DINOv2Args.shape);
  return DINOv2Args.parse(
    Object.fromEntries(Object.entries(recorded).filter(([name]) => known.includes(name))),
  );
}

Deno.test("Schedules match the reference over whole runs", () => {
  for (const recorded of loadCase("schedules").json.configs) {
    const { total_steps: totalSteps, batch_size: batchSize, base_lr: lr } = recorded;
    const optim = { lr, weight_decay: recorded.weight_decay_start };
    const schedules = new Schedules({ method: methodOf(recorded), optim, batchSize, totalSteps });
    near(schedules.scaledLr, recorded.scaled_lr, "scaled_lr");
    for (const row of recorded.table) {
      const now = schedules.at(row.step);
      const where = `of ${totalSteps} steps, step ${row.step}`;
      near(schedules.scaledLr * now.learningRateFactor, row.lr, `lr ${where}`);
      near(now.weightDecay, row.weight_decay, `weight decay ${where}`);
      near(now.momentum, row.momentum, `momentum ${where}`);
      near(now.teacherTemp, row.teacher_temp, `teacher temperature ${where}`);
    }
  }
});

Deno.test("Schedules match the recorded steps of the training cases", () => {
  for (const name of ["tiny_softmax", "tiny_sinkhorn_separate_head", "tiny_registers_swiglu"]) {
    const { json } = loadCase(name);
    const schedules = new Schedules({
      method: methodOf(json.method),
      optim: json.optimizer,
      batchSize: json.batch_size,
      totalSteps: json.total_steps,
    });
    near(schedules.scaledLr, json.scaled_lr, `${name} scaled_lr`);
    json.steps.forEach((recorded: Record<string, number>, step: number) => {
      const now = schedules.at(step);
      near(now.teacherTemp, recorded.teacher_temp, `${name} teacher temperature, step ${step}`);
      near(now.weightDecay, recorded.weight_decay, `${name} weight decay, step ${step}`);
      near(now.momentum, recorded.momentum, `${name} momentum, step ${step}`);
    });
  }
});

Deno.test("Schedules take an automatic weight decay from the optimizer", () => {
  const settings = { method: DINOv2Args.parse({}), batchSize: 1024, totalSteps: 10 };
  const schedules = new Schedules({ ...settings, optim: { lr: 0.004, weight_decay: 0.07 } });
  near(schedules.at(0).weightDecay, 0.07, "weight decay");
});

Deno.test("cosineSchedule() stays at its end, also in a run of one step", () => {
  equal(cosineSchedule(0, 1, 3, 5), 5);
  equal(cosineSchedule(9, 10, 3, 5), 5);
  equal(cosineSchedule(500, 10, 3, 5), 5);
  equal(cosineSchedule(0, 10, 3, 5), 3);
});

Deno.test("scaledLearningRate() follows the batch size", () => {
  equal(scaledLearningRate(0.004, 256, "sqrt", 1024), 0.002);
  equal(scaledLearningRate(0.004, 256, "linear", 1024), 0.001);
});
