import { z } from "../deps/zod.ts";
import { ActivationCheckpointArgs } from "./activation_checkpoint_args.ts";
import { CallbackArgs } from "./callback_args.ts";
import { deviceFields } from "./device_fields.ts";
import { LoggerArgs } from "./logger_args.ts";
import { DINOv2Args } from "./method_args.ts";
import { ModelArgs } from "./model_args.ts";
import { OptimArgs } from "./optim_args.ts";
import { TransformArgs } from "./transform_args.ts";

const paths = z.array(z.string().min(1)).refine((list) => list.length > 0, "must not be empty");

/** Everything a training run is told; the names are LightlyTrain's where it has them. */
export const TrainConfig = z.strictObject({
  out: z.string().min(1).describe("Folder of the run: metrics, checkpoints, exported model"),
  data: z.union([z.string().min(1), paths], { error: "must be a folder, a file or a list of both" })
    .describe("Folder of images and tar shards, subfolders included; or a file, or a list of both"),
  model: z.string().min(1).describe(
    "Model preset, such as dinov2/vits14, or dinov2/vits14-notpretrained for random weights",
  ),
  preset: z.enum(["small"]).nullable().default(null).describe(
    'Settings that go together, under those that are given: "small" for thousands of images, ' +
      "null for the reference's",
  ),
  method: z.literal("dinov2").default("dinov2").describe("Training method"),
  embed_dim: z.int().min(1).max(65_536).nullable().default(null)
    .describe("Width of a linear layer on top of the backbone; null for none"),
  checkpoint: z.string().min(1).nullable().default(null)
    .describe("File whose weights the run starts from; null for those that the model name means"),
  weights: z.string().min(1).nullable().default(null).describe(
    "File of pretrained weights for a pretrained model name; null for the cache folder, or else " +
      "a download",
  ),
  epochs: z.union([z.literal("auto"), z.int().min(0)]).default("auto").describe(
    'Passes over the images; "auto" is as many as 125000 steps need, 0 exports the initial model',
  ),
  steps: z.int().min(0).nullable().default(null)
    .describe("Optimizer steps, exactly; null to go by epochs"),
  batch_size: z.int().min(1).max(16_384).default(128).describe(
    "Images of a forward and backward pass",
  ),
  gradient_accumulation_steps: z.int().min(1).default(1)
    .describe("Forward and backward passes of an optimizer step"),
  seed: z.int().min(0).max(0xffff_ffff).default(0)
    .describe("Seed of everything random: weights, order, views, masks"),
  num_workers: z.union([z.literal("auto"), z.int().min(1)]).default("auto")
    .describe('Threads that decode images; "auto" follows the processor'),
  views_on: z.enum(["auto", "gpu", "workers"]).default("auto").describe(
    'Who makes views of the decoded images; "auto" is the GPU, but for a software one',
  ),
  cache_memory: z.number().min(0).default(1)
    .describe("GiB of memory that keep decoded images for later epochs; 0 for none"),
  cache_disk: z.string().min(1).nullable().default(null)
    .describe("File that keeps all images decoded, made by the first run; null for none"),
  data_errors: z.enum(["skip", "fail"]).default("skip")
    .describe("An image that cannot be read is named and left out, or ends the run"),
  overwrite: z.boolean().default(false)
    .describe("Delete what an earlier run left in the out folder"),
  resume_interrupted: z.boolean().default(false)
    .describe("Go on with the interrupted run in the out folder"),
  log_every_num_steps: z.int().min(1).default(50)
    .describe(
      "Steps between two lines of train.log, TensorBoard points, and lines of progress off a terminal",
    ),
  profile: z.int().min(1).max(1000).nullable().default(null).describe(
    "Steps to profile after a warm-up, into the folder profile of out; null for none",
  ),
  ...deviceFields,
  model_args: ModelArgs.prefault({}).describe("Overrides of the model preset"),
  method_args: DINOv2Args.prefault({}).describe("Settings of the method"),
  optim: z.enum(["auto", "adamw"]).default("auto").describe("Optimizer; AdamW is the only one"),
  optim_args: OptimArgs.prefault({}).describe("Settings of AdamW"),
  transform_args: TransformArgs.prefault({}).describe("How views are made from an image"),
  activation_checkpoint_args: ActivationCheckpointArgs.prefault({})
    .describe("Memory saved by computing activations twice"),
  loggers: LoggerArgs.prefault({}).describe("Files that metrics are written to"),
  callbacks: CallbackArgs.prefault({}).describe("What happens beside the steps"),
});

/** A configuration whose settings are right one by one; some still say "auto". */
export type ParsedConfig = z.infer<typeof TrainConfig>;

/** A checked configuration with every default filled in; `steps`, if set, says the length. */
export type TrainConfig = Omit<ParsedConfig, "transform_args" | "devices" | "optim"> & {
  devices: 1;
  optim: "adamw";
  transform_args: TransformArgs;
};

/** A configuration as a user gives it: only what differs from the defaults. */
export type TrainOptions = z.input<typeof TrainConfig>;
