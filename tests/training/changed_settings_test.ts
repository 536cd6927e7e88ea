import { deepEqual } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { changedSettings } from "../../src/training/changed_settings.ts";

const RUN = { out: "runs/a", data: "photos", model: "dinov2/vittest", steps: 10 };

/** The settings of a run as its folder has them. */
function stored(settings: Record<string, unknown> = {}): unknown {
  return JSON.parse(JSON.stringify(resolveConfig({ ...RUN, ...settings })));
}

Deno.test("changedSettings() is silent where the numbers stay the same", () => {
  const free = {
    steps: 20,
    num_workers: 3,
    cache_memory: 0,
    cache_disk: "a",
    resume_interrupted: true,
  };
  const now = resolveConfig({ ...RUN, ...free });
  deepEqual(changedSettings(stored(), now), []);
});

Deno.test("changedSettings() names each setting with its old and new value", () => {
  const before = stored({ model_args: { num_heads: 2 }, optim_args: { betas: [0.9, 0.99] } });
  const now = resolveConfig({ ...RUN, seed: 1, transform_args: { local_view: null } });
  deepEqual(changedSettings(before, now).filter((line) => !line.includes("local_view.")), [
    "seed was 0, is 1",
    "model_args.num_heads was 2, is not set",
    "optim_args.betas was [0.9,0.99], is [0.9,0.999]",
    "transform_args.local_view was not set, is null",
  ]);
});
