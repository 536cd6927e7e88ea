import { isNested, type Nested, putSetting } from "./nested.ts";
import type { TrainConfig, TrainOptions } from "./train_config.ts";

/**
 * Settings that go together, by the name of a preset; docs/small.md has what was tried for them.
 *
 * `small` is for thousands of images and one GPU. The defaults are for millions: their schedules
 * take 12,500 steps to warm up, and 65,536 prototypes, a layer scale that starts at 1e-5 and views
 * that have little in common leave a small network without anything that it could agree on.
 */
const RUN_PRESETS: Record<NonNullable<TrainConfig["preset"]>, Partial<TrainOptions>> = {
  small: {
    epochs: 200,
    batch_size: 64,
    model_args: { init_values: 1, drop_path_rate: 0 },
    optim_args: { lr: 0.008 },
    method_args: {
      hidden_dim: 256,
      dino_bottleneck_dim: 64,
      ibot_bottleneck_dim: 64,
      output_dim: 128,
      student_freeze_last_layer_steps: 0,
      koleo_loss_weight: 0.03,
      center_method: "sinkhorn_knopp",
      momentum_start: 0.99,
      teacher_temp_end: 0.04,
      warmup_steps: 100,
      layerwise_decay: 1,
      weight_decay_end: 0.04,
    },
    transform_args: {
      random_resize: { min_scale: 0.6 },
      color_jitter: { strength: 0.25 },
      random_gray_scale: 0.1,
      gaussian_blur: null,
      global_view_1: null,
      local_view: {
        num_views: 2,
        random_resize: { min_scale: 0.3, max_scale: 0.6 },
        gaussian_blur: null,
      },
    },
  },
};

/**
 * Lays settings over those of the preset that they name, if they name one.
 *
 * @example
 * ```ts
 * import { withPreset } from "./run_presets.ts";
 *
 * const { batch_size, epochs } = withPreset({ preset: "small", batch_size: 32, steps: 500 });
 * console.log(batch_size, epochs); // 32 undefined
 * ```
 */
export function withPreset(given: object): Nested {
  if (!isNested(given)) return given as Nested; // nothing that the schema takes
  const { preset, steps } = given;
  const isKnown = typeof preset === "string" && Object.hasOwn(RUN_PRESETS, preset);
  if (!isKnown) return given;
  const settings: Nested = {};
  lay(settings, RUN_PRESETS[preset as keyof typeof RUN_PRESETS]);
  if (steps != null) delete settings.epochs; // a run has one length, and the given one wins
  lay(settings, given);
  return settings;
}

function lay(settings: Nested, over: object): void {
  for (const [name, value] of Object.entries(over)) {
    if (value !== undefined) putSetting(settings, [name], value);
  }
}
