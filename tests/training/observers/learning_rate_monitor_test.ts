import { deepEqual } from "node:assert/strict";
import { DINOv2Args } from "../../../src/config/method_args.ts";
import { LearningRateMonitor } from "../../../src/training/observers/learning_rate_monitor.ts";

Deno.test("LearningRateMonitor adds the rates of the groups that differ most", () => {
  const method = DINOv2Args.parse({
    student_freeze_last_layer_steps: 2,
    student_freeze_backbone_steps: 1,
    layerwise_decay: 0.5,
    patch_embed_lr_multiplier: 0.25,
  });
  const monitor = new LearningRateMonitor(method, 3);
  const ratesAt = (step: number) => monitor.extend({ step, learning_rate: 0.5 });
  deepEqual(ratesAt(0), {
    "learning_rate/head": 0.5,
    "learning_rate/last_layer": 0, // rests for two steps
    "learning_rate/last_block": 0, // rests for one
    "learning_rate/patch_embed": 0,
  });
  deepEqual(ratesAt(1), {
    "learning_rate/head": 0.5,
    "learning_rate/last_layer": 0,
    "learning_rate/last_block": 0.25,
    "learning_rate/patch_embed": 0.5 * 0.5 ** 4 * 0.25,
  });
  deepEqual(ratesAt(2)["learning_rate/last_layer"], 0.5);
});
