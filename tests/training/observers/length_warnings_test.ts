import { deepEqual } from "node:assert/strict";
import { resolveConfig } from "../../../src/config/resolve_config.ts";
import { lengthWarnings } from "../../../src/training/observers/length_warnings.ts";

const config = resolveConfig({ out: "out", data: "data", model: "dinov2/vittest" });

Deno.test("lengthWarnings() names what a run is too short for", () => {
  deepEqual(lengthWarnings({ config, totalSteps: 1000, stepsPerEpoch: 50 }), [
    "1000 steps are fewer than the recommended 125000, 2500 epochs of this data",
    "method_args.student_freeze_last_layer_steps=1250 outlasts the 1000 steps: the heads' last " +
    "layers stay as they start",
    "method_args.warmup_steps=12500 outlasts the 1000 steps: the learning rate reaches its peak " +
    "only at the end",
    "method_args.teacher_temp_warmup_steps=37500 outlasts the 1000 steps: the teacher's " +
    "temperature does not reach 0.07",
  ]);
});

Deno.test("lengthWarnings() says nothing of a run of the recommended length", () => {
  deepEqual(lengthWarnings({ config, totalSteps: 125_000, stepsPerEpoch: 50 }), []);
});
