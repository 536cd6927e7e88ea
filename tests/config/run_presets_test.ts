import { deepEqual, equal } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { withPreset } from "../../src/config/run_presets.ts";
import { warningsOf } from "../../src/config/warnings.ts";

const RUN = { out: "runs/a", data: "photos", model: "dinov2/vitti14" };

Deno.test("withPreset() leaves settings without a preset as they are", () => {
  deepEqual(withPreset(RUN), RUN);
  deepEqual(withPreset({ ...RUN, preset: null }), { ...RUN, preset: null });
  deepEqual(withPreset({ preset: "toString" }), { preset: "toString" }); // the schema refuses it
});

Deno.test("settings that are given win over those of a preset, one by one", () => {
  const preset = resolveConfig({ ...RUN, preset: "small" });
  const given = {
    batch_size: 32,
    method_args: { output_dim: 4096 },
    transform_args: { gaussian_blur: {} },
  };
  const config = resolveConfig({ ...RUN, preset: "small", ...given });
  equal(config.batch_size, 32);
  equal(config.method_args.output_dim, 4096);
  equal(config.method_args.warmup_steps, preset.method_args.warmup_steps);
  equal(preset.transform_args.gaussian_blur, null);
  equal(config.transform_args.gaussian_blur?.prob, 1);
});

Deno.test("steps that are given take the place of a preset's epochs", () => {
  const { steps, epochs } = resolveConfig({ ...RUN, preset: "small", steps: 7 });
  deepEqual({ steps, epochs }, { steps: 7, epochs: "auto" });
});

Deno.test("a resolved configuration with a preset resolves to itself", () => {
  const config = resolveConfig({ ...RUN, preset: "small", optim_args: { lr: 0.5 } });
  deepEqual(resolveConfig({ ...config }), config);
});

Deno.test("a run of preset=small on some thousands of images is warned of nothing", () => {
  const config = resolveConfig({ ...RUN, preset: "small" });
  const facts = { images: 2000, batchSize: 64, stepsPerEpoch: 31, totalSteps: 3100 };
  deepEqual(warningsOf(config, facts), []);
});
