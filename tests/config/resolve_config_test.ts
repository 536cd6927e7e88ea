import { deepEqual, equal, throws } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { DINOv2Args } from "../../src/config/method_args.ts";

const RUN = { out: "runs/a", data: "photos", model: "dinov2/vits14-notpretrained" };

/** Checks that `raw` is refused with exactly these lines. */
function refuses(raw: Record<string, unknown>, ...lines: string[]) {
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  const message = [`Found ${count} in the configuration`, ...lines].join("\n  ");
  throws(() => resolveConfig(raw), (error) => {
    equal((error as Error).message, message);
    return error instanceof ConfigError;
  });
}

Deno.test("resolveConfig() fills in the reference's defaults", () => {
  const config = resolveConfig(RUN);
  equal(config.batch_size, 128);
  equal(config.steps, null);
  equal(config.epochs, "auto");
  equal(config.embed_dim, null);
  equal(config.checkpoint, null);
  const expected: DINOv2Args = {
    hidden_dim: 2048,
    dino_bottleneck_dim: 256,
    ibot_bottleneck_dim: 256,
    output_dim: 65536,
    ibot_separate_head: false,
    batch_norm: false,
    student_freeze_last_layer_steps: 1250,
    student_freeze_backbone_steps: 0,
    dino_loss_weight: 1,
    ibot_loss_weight: 1,
    koleo_loss_weight: 0.1,
    center_method: "softmax",
    center_momentum: 0.9,
    momentum_start: 0.992,
    momentum_end: 1,
    student_temp: 0.1,
    teacher_temp_start: 0.04,
    teacher_temp_end: 0.07,
    teacher_temp_warmup_steps: 37500,
    mask_ratio_min: 0.1,
    mask_ratio_max: 0.5,
    mask_probability: 0.5,
    lr_scale_method: "sqrt",
    reference_batch_size: 1024,
    min_lr: 1e-6,
    warmup_steps: 12500,
    layerwise_decay: 0.9,
    patch_embed_lr_multiplier: 0.2,
    weight_decay_start: "auto",
    weight_decay_end: 0.4,
    gradient_clip_val: 3,
  };
  deepEqual(config.method_args, expected);
  deepEqual(config.optim_args, { lr: 0.004, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.04 });
});

Deno.test("resolveConfig() fills in the reference's views", () => {
  const { transform_args } = resolveConfig(RUN);
  const blur = (prob: number) => ({ prob, sigmas: [0.1, 2], blur_limit: 0 });
  deepEqual(transform_args, {
    image_size: [224, 224],
    num_channels: 3,
    channel_drop: null,
    random_resize: { min_scale: 0.32, max_scale: 1 },
    random_flip: { horizontal_prob: 0.5, vertical_prob: 0 },
    random_rotation: null,
    color_jitter: {
      prob: 0.8,
      strength: 0.5,
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.4,
      hue: 0.2,
    },
    random_gray_scale: 0.2,
    gaussian_blur: blur(1),
    solarize: null,
    normalize: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    global_view_1: { gaussian_blur: blur(0.1), solarize: { prob: 0.2, threshold: 0.5 } },
    local_view: {
      num_views: 8,
      view_size: [98, 98],
      random_resize: { min_scale: 0.05, max_scale: 0.32 },
      gaussian_blur: blur(0.5),
    },
  });
});

Deno.test("resolveConfig() takes sizes as one number and nulls for what is switched off", () => {
  const nullable = [
    "channel_drop",
    "random_resize",
    "random_flip",
    "random_rotation",
    "color_jitter",
    "random_gray_scale",
    "gaussian_blur",
    "solarize",
    "global_view_1",
    "local_view",
  ] as const;
  const { transform_args } = resolveConfig({
    ...RUN,
    epochs: 2,
    transform_args: { image_size: 56, ...Object.fromEntries(nullable.map((key) => [key, null])) },
  });
  deepEqual(transform_args.image_size, [56, 56]);
  for (const key of nullable) equal(transform_args[key], null);
  const inner = resolveConfig({
    ...RUN,
    transform_args: {
      global_view_1: { gaussian_blur: null, solarize: null },
      local_view: { random_resize: null, gaussian_blur: null },
      normalize: null,
    },
  }).transform_args;
  deepEqual(inner.global_view_1, { gaussian_blur: null, solarize: null });
  deepEqual([inner.local_view?.random_resize, inner.local_view?.gaussian_blur], [null, null]);
  deepEqual(inner.normalize, { mean: [0, 0, 0], std: [1, 1, 1] });
});

Deno.test("resolveConfig() fills in what happens beside the steps", () => {
  const { loggers, callbacks, activation_checkpoint_args } = resolveConfig(RUN);
  deepEqual(loggers, { jsonl: {}, tensorboard: {} });
  deepEqual(activation_checkpoint_args, { enabled: false, every_n_blocks: 1 });
  const model_checkpoint = {
    every_n_train_steps: 1000,
    every_n_epochs: null,
    save_top_k: 1,
    monitor: null,
    mode: "min",
    save_last: true,
  };
  deepEqual(callbacks, {
    model_checkpoint,
    model_export: { every_n_train_steps: null },
    learning_rate_monitor: {},
    early_stopping: null,
    device_stats_monitor: null,
    knn: null,
    rank_me: null,
  });
  const early_stopping = {
    monitor: "train_loss",
    patience: 3,
    min_delta: 0,
    mode: "min",
    check_finite: true,
  };
  deepEqual(
    resolveConfig({
      ...RUN,
      loggers: { tensorboard: null },
      callbacks: { early_stopping: {}, model_export: null, device_stats_monitor: {} },
    }),
    {
      ...resolveConfig(RUN),
      loggers: { jsonl: {}, tensorboard: null },
      callbacks: { ...callbacks, early_stopping, model_export: null, device_stats_monitor: {} },
    },
  );
});

Deno.test("resolveConfig() says what one GPU and one process cannot do for now", () => {
  const one = "for one GPU and one process train a run for now";
  refuses(
    { ...RUN, devices: 2, num_nodes: 4, strategy: "ddp", optim: "sgd" },
    `devices: must be 1 or "auto", ${one}, got 2`,
    `num_nodes: must be 1, ${one}, got 4`,
    `strategy: must be "auto", ${one}, got "ddp"`,
    'optim: must be "auto" or "adamw", got "sgd"',
  );
  const { devices, optim } = resolveConfig({ ...RUN, devices: "auto", optim: "auto" });
  deepEqual([devices, optim], [1, "adamw"]);
});

Deno.test("resolveConfig() gives the reason why it refuses a precision", () => {
  const must = 'precision: must be "auto", "32-true" or "16-mixed"';
  const wrong: [precision: unknown, problem: string][] = [
    ["16-true", `${must}, for weights in float16 alone do not train, got "16-true"`],
    ["bf16-mixed", `${must}, for WGSL, and so any GPU here, has no bfloat16, got "bf16-mixed"`],
    ["64-true", `${must}, for WGSL, and so any GPU here, has no float64, got "64-true"`],
    ["fp8", `${must}, got "fp8"`],
    [32, `${must}, got 32`],
  ];
  for (const [precision, problem] of wrong) refuses({ ...RUN, precision }, problem);
  equal(resolveConfig({ ...RUN, precision: "16-mixed" }).precision, "16-mixed");
});

Deno.test("resolveConfig() reports every problem at once", () => {
  refuses(
    {
      data: "photos",
      model: "dinov2/vits14-notpretrained",
      batchsize: 4,
      steps: "ten",
      seed: -1,
      method_args: { output_dims: 9, center_method: "mean", momentum_start: 2 },
      optim_args: { betas: [0.9] },
      transform_args: { image_size: [220, 224], local_view: { view_size: "small" } },
    },
    "out: is required; write out=...",
    'steps: must be a number, got "ten"',
    "seed: must be at least 0, got -1",
    'method_args.center_method: must be "softmax" or "sinkhorn_knopp", got "mean"',
    "method_args.momentum_start: must be at most 1, got 2",
    "method_args.output_dims: is not a setting, got 9; did you mean method_args.output_dim?",
    "optim_args.betas: must have 2 values, got [0.9]",
    'transform_args.local_view.view_size: must be a size in pixels or [height, width], got "small"',
    "batchsize: is not a setting, got 4; did you mean batch_size?",
    "transform_args.image_size: must be multiples of patch_size 14, got [220,224]; " +
      "nearest is [224,224]",
  );
});

Deno.test("resolveConfig() takes a folder, a file or a list of both for data", () => {
  const list = ["photos", "more/a.jpg"];
  deepEqual(resolveConfig({ ...RUN, data: list }).data, list);
  const wrong: [data: unknown, problem: string][] = [
    ["", 'data: must not be empty, got ""'],
    [[], "data: must not be empty, got []"],
    [["a", ""], 'data.1: must not be empty, got ""'],
    [5, "data: must be a folder, a file or a list of both, got 5"],
    [["a", 5], 'data: must be a folder, a file or a list of both, got ["a",5]'],
  ];
  for (const [data, problem] of wrong) refuses({ ...RUN, data }, problem);
});

Deno.test("resolveConfig() reports contradictions beside misspelt and ill-typed neighbours", () => {
  refuses(
    {
      ...RUN,
      method_args: { mask_ratio_min: 0.9, mask_ratio_max: 0.1, center_method: "sinkhorn" },
      optim_args: { betas: [2, 0.9] },
      batch_size: 1,
      bogus: 1,
    },
    'method_args.center_method: must be "softmax" or "sinkhorn_knopp", got "sinkhorn"',
    "optim_args.betas.0: must be less than 1, got 2",
    `bogus: is not a setting, got 1; known here: ${Object.keys(resolveConfig(RUN)).join(", ")}`,
    "method_args.mask_ratio_min: must be at most mask_ratio_max 0.1, got 0.9",
    "batch_size: must be at least 2 for the KoLeo loss, got 1; " +
      "raise it or set method_args.koleo_loss_weight=0",
  );
});

Deno.test("resolveConfig() finds the group of a setting that was given outside of it", () => {
  refuses(
    { ...RUN, lr: 1, method_args: { num_views: 2 }, min_scale: 0.1 },
    "method_args.num_views: is not a setting, got 2; did you mean " +
      "transform_args.local_view.num_views?",
    "lr: is not a setting, got 1; did you mean optim_args.lr?",
    "min_scale: is not a setting, got 0.1; did you mean transform_args.random_resize.min_scale " +
      "or transform_args.local_view.random_resize.min_scale?",
  );
});

Deno.test("resolveConfig() names values that JSON has no word for", () => {
  const circle: Record<string, unknown> = { ...RUN };
  circle.bogus = circle;
  const known = /^ {2}bogus: is not a setting, got an object; known here: /m;
  throws(() => resolveConfig(circle), (error: Error) => known.test(error.message));
  refuses(
    { ...RUN, steps: NaN, seed: Infinity, batch_size: 2n, method: () => {} },
    'method: must be "dinov2", got function',
    "steps: must be a number, got NaN",
    "batch_size: must be a number, got 2n",
    "seed: must be a number, got Infinity",
  );
  for (const raw of [null, undefined, 3]) {
    const nothing = raw as unknown as Record<string, unknown>;
    refuses(nothing, `settings: must be a group, got ${raw}`);
  }
});

Deno.test("resolveConfig() refuses sizes that no machine could hold", () => {
  refuses(
    {
      ...RUN,
      batch_size: 1e9,
      model_args: { embed_dim: 1e6, depth: 1e4, mlp_ratio: 1e3 },
      method_args: { output_dim: 1e12 },
      transform_args: { image_size: 80_000 },
    },
    "batch_size: must be at most 16384, got 1000000000",
    "model_args.embed_dim: must be at most 16384, got 1000000",
    "model_args.depth: must be at most 1000, got 10000",
    "model_args.mlp_ratio: must be at most 64, got 1000",
    "method_args.output_dim: must be at most 1048576, got 1000000000000",
    "transform_args.image_size: must be at most 4096, got 80000",
  );
});

Deno.test("resolveConfig() refuses settings that contradict each other", () => {
  refuses(
    { ...RUN, epochs: 2, steps: 3 },
    "epochs: must not be given beside steps, got 2 beside 3; keep one",
  );
  refuses(
    { ...RUN, overwrite: true, resume_interrupted: true },
    "overwrite: must not be given beside resume_interrupted, got true; keep one",
  );
  refuses(
    { ...RUN, method_args: { mask_ratio_min: 0.6, momentum_start: 0.9, momentum_end: 0.8 } },
    "method_args.momentum_start: must be at most momentum_end 0.8, got 0.9",
    "method_args.mask_ratio_min: must be at most mask_ratio_max 0.5, got 0.6",
  );
  refuses(
    { ...RUN, batch_size: 1 },
    "batch_size: must be at least 2 for the KoLeo loss, got 1; " +
      "raise it or set method_args.koleo_loss_weight=0",
  );
  refuses(
    { ...RUN, method_args: { batch_norm: true } },
    "method_args.batch_norm: must be false; batch normalization in the heads is not supported, " +
      "got true",
  );
});

Deno.test("resolveConfig() checks local views only where there are some", () => {
  const local = (num_views: number) => ({
    ...RUN,
    transform_args: { local_view: { num_views, view_size: 96 } },
  });
  refuses(
    local(2),
    "transform_args.local_view.view_size: must be multiples of patch_size 14, got [96,96]; " +
      "nearest is [98,98]",
  );
  equal(resolveConfig(local(0)).transform_args.local_view?.num_views, 0);
});

Deno.test("resolveConfig() fits view sizes that are not given to the patch size", () => {
  const sizes = (model_args: Record<string, number>, transform_args = {}) => {
    const config = resolveConfig({ ...RUN, model_args, transform_args });
    return [config.transform_args.image_size, config.transform_args.local_view?.view_size];
  };
  deepEqual(sizes({ patch_size: 16 }), [[224, 224], [96, 96]]);
  deepEqual(sizes({ patch_size: 10 }), [[220, 220], [100, 100]]);
  deepEqual(sizes({ patch_size: 16 }, { image_size: 64, local_view: { view_size: [32, 48] } }), [
    [64, 64],
    [32, 48],
  ]);
});

Deno.test("resolveConfig() refuses view sizes that are no whole patches, on either side", () => {
  const transform_args = { image_size: [224, 100], local_view: { view_size: [20, 98] } };
  refuses(
    { ...RUN, transform_args },
    "transform_args.image_size: must be multiples of patch_size 14, got [224,100]; " +
      "nearest is [224,98]",
    "transform_args.local_view.view_size: must be multiples of patch_size 14, got [20,98]; " +
      "nearest is [14,98]",
  );
});

Deno.test("resolveConfig() takes every form of blur_limit, and no wider blur than the GPU's", () => {
  const blur = (gaussian_blur: Record<string, unknown>) => ({
    ...RUN,
    transform_args: { gaussian_blur },
  });
  for (const blur_limit of [0, 7, 193, [3, 7], [0, 193]]) {
    deepEqual(
      resolveConfig(blur({ blur_limit })).transform_args.gaussian_blur?.blur_limit,
      blur_limit,
    );
  }
  const reach = "for the GPU blurs over 96 pixels to each side";
  const key = "transform_args.gaussian_blur";
  const wrong: [settings: Record<string, unknown>, problem: string][] = [
    [{ blur_limit: 194 }, `${key}.blur_limit: must be at most 193, ${reach}, got 194`],
    [{ blur_limit: [0, 200] }, `${key}.blur_limit.1: must be at most 193, ${reach}, got 200`],
    [{ blur_limit: [7, 3] }, `${key}.blur_limit: must be in ascending order, got [7,3]`],
    [{ blur_limit: -1 }, `${key}.blur_limit: must be at least 0, got -1`],
    [
      { blur_limit: "auto" },
      `${key}.blur_limit: must be a whole number or [smallest, largest], got "auto"`,
    ],
    [{ sigmas: [1, 28] }, `${key}.sigmas.1: must be at most 27, ${reach}, got 28`],
  ];
  for (const [settings, problem] of wrong) refuses(blur(settings), problem);
});

Deno.test("resolveConfig() refuses weights that nothing would start from, and takes other channels", () => {
  const problems = (options: Record<string, unknown>) => {
    try {
      resolveConfig({ ...RUN, ...options });
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  };
  const weights = "w.pth";
  deepEqual(problems({ model: "dinov2/vits14", weights }), []);
  deepEqual(problems({ weights }), [{
    key: "weights",
    message:
      "must not be given beside model dinov2/vits14-notpretrained, which starts at random, " +
      'got "w.pth"; write checkpoint=FILE, or a pretrained model',
  }]);
  deepEqual(problems({ model: "dinov2/vits14", weights, checkpoint: "a.safetensors" }), [{
    key: "weights",
    message: 'must not be given beside checkpoint, got "w.pth"; keep one',
  }]);
  const gray = { model: "dinov2/vits14", transform_args: { num_channels: 1 } };
  deepEqual(problems(gray), []);
  deepEqual(problems({ ...gray, checkpoint: "a.safetensors" }), []);
  deepEqual(problems({ ...gray, weights }), []);
});

Deno.test("resolveConfig() wants a monitor of evaluations to be measured, and to grow", () => {
  const by = (monitor: string, mode?: string) => ({ model_checkpoint: { monitor, mode } });
  refuses(
    { ...RUN, callbacks: by("knn_top1", "max") },
    'callbacks.model_checkpoint.monitor: must be a metric of the run, got "knn_top1"; ' +
      "callbacks.knn.train=FOLDER gives knn_top1",
  );
  refuses(
    { ...RUN, callbacks: { early_stopping: { monitor: "student_rank_me", mode: "max" } } },
    'callbacks.early_stopping.monitor: must be a metric of the run, got "student_rank_me"; ' +
      "callbacks.rank_me={} gives rank_me",
  );
  refuses(
    { ...RUN, callbacks: { ...by("student_knn_top5", "max"), knn: { train: "a" } } },
    'callbacks.model_checkpoint.monitor: must be a metric of the run, got "student_knn_top5"; ' +
      "callbacks.knn.student=true gives it",
  );
  refuses(
    { ...RUN, callbacks: { ...by("knn_top1/k5", "max"), knn: { train: "a", k: [20, 10] } } },
    'callbacks.model_checkpoint.monitor: must be a metric of the run, got "knn_top1/k5"; ' +
      "known are knn_top1, knn_top5, knn_top1/k10, knn_top5/k10",
  );
  refuses(
    { ...RUN, callbacks: { ...by("knn_top1"), knn: { train: "a" } } },
    "callbacks.model_checkpoint.mode: must be max for knn_top1, of which more is better, got min",
  );
  const { callbacks } = resolveConfig({
    ...RUN,
    callbacks: { ...by("rank_me", "max"), rank_me: {} },
  });
  equal(callbacks.rank_me?.images, 2048);
});

Deno.test("resolveConfig() wants labelled images for k-NN", () => {
  refuses(
    { ...RUN, callbacks: { knn: {} } },
    "callbacks.knn.train: is required; write callbacks.knn.train=...",
  );
});
