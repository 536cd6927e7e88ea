import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../../src/config/train_config.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { isFrozen, paramGroup } from "../../src/optim/param_groups.ts";
import { Schedules } from "../../src/optim/schedules.ts";
import { randomStream } from "../../src/random.ts";
import { masksOf, recordStep, stepShape } from "../../src/training/run_setup.ts";
import { startValues } from "./block_work.ts";
import type { Arrays, Values, Work } from "./work.ts";

/** A step that is timed as a whole. */
export interface StepSetup {
  name: string;
  options: Partial<TrainOptions>;
}

/** Everybody trains at once, with every parameter, so that the second step shows the update. */
const METHOD = { warmup_steps: 2, student_freeze_last_layer_steps: 0 };

/** Small enough for a processor. */
export const TINY_STEP: StepSetup = {
  name: "DINOv2 step, 192 wide, depth 4, batch 16",
  options: {
    model: "dinov2/vittest",
    model_args: {
      embed_dim: 192,
      depth: 4,
      num_heads: 3,
      patch_size: 8,
      img_size: 64,
      init_values: 0.1,
    },
    batch_size: 16,
    method_args: { ...METHOD, hidden_dim: 512, dino_bottleneck_dim: 64, output_dim: 4096 },
    transform_args: { image_size: [64, 64], local_view: { num_views: 8, view_size: [32, 32] } },
  },
};

/** What a GPU is for; without drop path, whose dice everybody throws differently. */
export const VITS14_STEP: StepSetup = {
  name: "DINOv2 step, ViT-S/14, 224 and 98 px, batch 32",
  options: {
    model: "dinov2/vits14-notpretrained",
    model_args: { drop_path_rate: 0, init_values: 0.1 },
    batch_size: 32,
    method_args: METHOD,
  },
};

/** The work of a step, on noise, with the settings of the first two steps of a run. */
export function stepWork({ name, options }: StepSetup): Work {
  const config = stepConfig(options);
  return {
    name,
    kind: "step",
    settings: { options, ...settingsOf(config) },
    flops: null,
    images: config.batch_size,
    inputs: () => inputsOf(config),
  };
}

/** The whole configuration of a step. */
export function stepConfig(options: Partial<TrainOptions>): TrainConfig {
  return resolveConfig({ out: "-", data: "-", steps: 100, ...options });
}

/** The schedules of a step's run. */
export function schedulesOf({ method_args, optim_args, batch_size }: TrainConfig): Schedules {
  return new Schedules({
    method: method_args,
    optim: optim_args,
    batchSize: batch_size,
    totalSteps: 100,
  });
}

function settingsOf(config: TrainConfig) {
  const { model, localViews, batchSize } = stepShape(config);
  const { method_args: method, optim_args: optim } = config;
  const schedules = schedulesOf(config);
  return {
    model,
    method,
    betas: optim.betas,
    eps: optim.eps,
    localViews,
    batchSize,
    groups: Object.fromEntries(
      parametersOf(config).map(({ name }) => {
        const { lrScale, decays, kind } = paramGroup(name, model.depth, method);
        const frozen = isFrozen(kind, 0, method);
        return [name, { lrScale: frozen ? 0 : lrScale, decays }];
      }),
    ),
    steps: [0, 1].map((step) => {
      const { learningRateFactor, weightDecay, teacherTemp, momentum } = schedules.at(step);
      const learningRate = schedules.scaledLr * learningRateFactor;
      return { learningRate, weightDecay, teacherTemp, momentum };
    }),
  };
}

function parametersOf(config: TrainConfig) {
  const { step } = recordStep(DEFAULT_FACTS, stepShape(config));
  return step.networks.buffers.flatMap(({ members }) => members.map((each) => each.parameter));
}

function inputsOf(config: TrainConfig): Arrays {
  const shape = stepShape(config);
  const { step } = recordStep(DEFAULT_FACTS, shape);
  const parameters = parametersOf(config);
  const masks = Float32Array.from(masksOf(shape, 0, 0, 0));
  const crops = 2 * shape.batchSize;
  return {
    globalViews: noise(step.globalViews.shape, 0),
    localViews: noise(step.localViews.shape, 1),
    masks: { shape: [crops, masks.length / crops], data: masks },
    ...startValues(parameters, 1, (name) => `student.${name}`),
    ...startValues(parameters, 1001, (name) => `teacher.${name}`),
  };
}

function noise(shape: readonly number[], index: number): Values {
  const data = new Float32Array(elementCount(shape));
  randomStream(0, "views", index).fillNormal(data);
  return { shape, data };
}
