import { publishedName } from "./model_presets.ts";
import { DEFAULT_STEPS, epochsOf } from "./run_length.ts";
import type { TrainConfig } from "./train_config.ts";

/** What only the data says about a run. */
export interface RunFacts {
  images: number;
  /** Images of a forward and backward pass; less than configured where there are not as many. */
  batchSize: number;
  /** Optimizer steps of an epoch. */
  stepsPerEpoch: number;
  totalSteps: number;
}

/** The smallest batch in which the nearest neighbour says something about the spread of features. */
const MIN_KOLEO_BATCH = 32;

/** Prototypes for each image above which most can stand for nothing. */
const MAX_PROTOTYPES_PER_IMAGE = 10;

/**
 * What is likely not meant about a run, though it can be trained: each with what to do about it.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./resolve_config.ts";
 * import { warningsOf } from "./warnings.ts";
 *
 * const run = { out: "runs/a", data: "photos", model: "dinov2/vittest", steps: 10_000 };
 * const facts = { images: 10_000, batchSize: 128, stepsPerEpoch: 78, totalSteps: 10_000 };
 * console.log(warningsOf(resolveConfig(run), facts).length); // 1: the schedules are longer
 * ```
 */
export function warningsOf(config: TrainConfig, facts: RunFacts): string[] {
  return [
    shortRun(config, facts),
    smallBatch(config, facts),
    fewImages(config, facts) ?? idlePrototypes(config, facts),
    lossWithoutMasks(config),
  ].filter((warning) => warning !== undefined);
}

/** Images below which the reference's settings teach a network nothing, by docs/small.md. */
const MIN_IMAGES = 20_000;

/** Schedules that do not end within the run. */
function shortRun(
  { method_args }: TrainConfig,
  { stepsPerEpoch, totalSteps }: RunFacts,
): string | undefined {
  if (totalSteps === 0) return undefined; // meant: it exports the initial model
  const names = [
    "warmup_steps",
    "teacher_temp_warmup_steps",
    "student_freeze_last_layer_steps",
    "student_freeze_backbone_steps",
  ] as const;
  const isFlat = method_args.teacher_temp_start === method_args.teacher_temp_end;
  const longer = names
    .filter((name) => method_args[name] >= totalSteps)
    .filter((name) => name !== "teacher_temp_warmup_steps" || !isFlat);
  if (longer.length === 0) return undefined;
  const settings = longer.map((name) => `method_args.${name} ${method_args[name]}`).join(", ");
  const epochs = epochsOf(DEFAULT_STEPS, stepsPerEpoch);
  return `the run has too few steps, ${totalSteps}, for ${settings}; lower what is longer than ` +
    `the run, or train for about ${DEFAULT_STEPS} steps, epochs=${epochs} with these images`;
}

function smallBatch({ method_args }: TrainConfig, { batchSize }: RunFacts): string | undefined {
  if (method_args.koleo_loss_weight === 0 || batchSize >= MIN_KOLEO_BATCH) return undefined;
  return `batch_size ${batchSize} is small for the KoLeo loss, which spreads each image from its ` +
    `nearest in the batch; raise it to ${MIN_KOLEO_BATCH} or more, or lower ` +
    `method_args.koleo_loss_weight ${method_args.koleo_loss_weight}`;
}

/**
 * The reference's settings from random weights, with images that are few for them. Fewer prototypes
 * than images are a sign that somebody has thought of it.
 */
function fewImages(
  { preset, model, checkpoint, method_args: { output_dim } }: TrainConfig,
  { images, totalSteps }: RunFacts,
): string | undefined {
  if (preset !== null || images >= MIN_IMAGES || totalSteps === 0) return undefined;
  const isRandom = checkpoint === null && publishedName(model) === undefined;
  if (!isRandom || output_dim <= images) return undefined;
  return `${images} images are few for the reference's settings, with which features of a network ` +
    "that starts at random turn constant; start from preset=small, which is for thousands of images";
}

function idlePrototypes(
  { method_args: { output_dim } }: TrainConfig,
  { images }: RunFacts,
): string | undefined {
  if (output_dim <= MAX_PROTOTYPES_PER_IMAGE * images) return undefined;
  return `method_args.output_dim ${output_dim} is much for ${images} images, which cannot fill as ` +
    "many prototypes; lower it, it costs memory and time";
}

function lossWithoutMasks({ method_args }: TrainConfig): string | undefined {
  const { ibot_loss_weight, mask_probability, mask_ratio_max } = method_args;
  const isMasked = mask_probability > 0 && mask_ratio_max > 0;
  if (ibot_loss_weight === 0 || isMasked) return undefined;
  return `method_args.ibot_loss_weight ${ibot_loss_weight} has nothing to weigh: no patch is ` +
    "masked; raise method_args.mask_probability and mask_ratio_max, or set the weight to 0";
}
