import { deepEqual } from "node:assert/strict";
import { LossScaleWatch } from "../../../src/training/observers/loss_scale_watch.ts";

Deno.test("LossScaleWatch tells of each skipped step, and of none twice", () => {
  const messages: string[] = [];
  const watch = new LossScaleWatch((message) => messages.push(message));
  watch.onStep({ step: 0, loss_scale: 65536, skipped_steps: 1 });
  watch.onStep({ step: 1, loss_scale: 32768, skipped_steps: 1 });
  watch.onStep({ step: 2, loss_scale: 32768, skipped_steps: 2 });
  deepEqual(messages, [
    "step 1: skipped, for its gradients times 65536 were not finite as float16; goes on with " +
    "loss_scale 32768 (1 skipped so far)",
    "step 3: skipped, for its gradients times 32768 were not finite as float16; goes on with " +
    "loss_scale 16384 (2 skipped so far)",
  ]);
});

Deno.test("LossScaleWatch of a resumed run knows what was skipped before", () => {
  const messages: string[] = [];
  const before = { step: 9, loss_scale: 1024, skipped_steps: 3 };
  const watch = new LossScaleWatch((message) => messages.push(message), before);
  watch.onStep({ step: 10, loss_scale: 1024, skipped_steps: 3 });
  deepEqual(messages, []);
});
