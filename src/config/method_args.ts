import { z } from "../deps/zod.ts";

/** Sizes far above any use, where a slip of the keyboard is told at once. */
const width = () => z.int().min(1).max(65_536);
const steps = () => z.int().min(0);
const weight = () => z.number().min(0);
const temperature = () => z.number().positive();
const fraction = () => z.number().min(0).max(1);

/** Settings of the DINOv2 method; names and defaults are the reference's. */
export const DINOv2Args = z.strictObject({
  hidden_dim: width().default(2048)
    .describe("Width of the two hidden layers of the projection heads"),
  dino_bottleneck_dim: width().default(256)
    .describe("Width of the DINO head before its last layer"),
  ibot_bottleneck_dim: width().default(256)
    .describe("Width of the iBOT head before its last layer, if the heads are separate"),
  output_dim: z.int().min(2).max(2 ** 20).default(65536)
    .describe("Prototypes of a head's last layer"),
  ibot_separate_head: z.boolean().default(false)
    .describe("Give the iBOT loss a head of its own instead of the DINO head"),
  batch_norm: z.literal(false, {
    error: "must be false; batch normalization in the heads is not supported",
  }).default(false)
    .describe("Batch normalization in the heads; not supported"),
  student_freeze_last_layer_steps: steps().default(1250)
    .describe("Steps at the start during which the heads' last layers stay as they are"),
  student_freeze_backbone_steps: steps().default(0)
    .describe("Steps at the start during which the backbone stays as it is"),
  dino_loss_weight: weight().default(1).describe("Weight of the DINO loss"),
  ibot_loss_weight: weight().default(1).describe("Weight of the iBOT loss"),
  koleo_loss_weight: weight().default(0.1).describe("Weight of the KoLeo loss"),
  center_method: z.enum(["softmax", "sinkhorn_knopp"]).default("softmax")
    .describe("How the teacher's targets are kept from collapsing"),
  center_momentum: fraction().default(0.9)
    .describe("Momentum of the running center of the teacher's logits"),
  momentum_start: fraction().default(0.992)
    .describe("Teacher momentum at the first step; a cosine takes it to momentum_end"),
  momentum_end: fraction().default(1).describe("Teacher momentum at the last step"),
  student_temp: temperature().default(0.1).describe("Softmax temperature of the student"),
  teacher_temp_start: temperature().default(0.04)
    .describe("Softmax temperature of the teacher at the first step"),
  teacher_temp_end: temperature().default(0.07)
    .describe("Softmax temperature of the teacher once its warmup is over"),
  teacher_temp_warmup_steps: steps().default(37500)
    .describe("Steps over which the teacher's temperature rises linearly"),
  mask_ratio_min: fraction().default(0.1)
    .describe("Smallest share of patches hidden in a masked view"),
  mask_ratio_max: fraction().default(0.5)
    .describe("Largest share of patches hidden in a masked view"),
  mask_probability: fraction().default(0.5)
    .describe("Share of the global views that are masked"),
  lr_scale_method: z.enum(["sqrt", "linear"]).default("sqrt")
    .describe("How the learning rate grows with the batch size"),
  reference_batch_size: z.int().min(1).default(1024)
    .describe("Batch size that optim_args.lr is meant for"),
  min_lr: z.number().min(0).default(1e-6).describe("Learning rate at the last step"),
  warmup_steps: steps().default(12500)
    .describe("Steps over which the learning rate rises linearly"),
  layerwise_decay: z.number().positive().max(1).default(0.9)
    .describe("Factor on the learning rate from each layer to the one before it"),
  patch_embed_lr_multiplier: z.number().min(0).default(0.2)
    .describe("Further factor on the learning rate of the patch embedding"),
  weight_decay_start: z.union([z.literal("auto"), z.number().min(0)]).default("auto")
    .describe('Weight decay at the first step; "auto" is optim_args.weight_decay'),
  weight_decay_end: z.number().min(0).default(0.4).describe("Weight decay at the last step"),
  gradient_clip_val: z.number().positive().default(3)
    .describe("Largest joint norm of all gradients; longer gradients are scaled down to it"),
}).superRefine((args, context) => {
  const ordered = (low: keyof typeof args, high: keyof typeof args) => {
    if (args[low] <= args[high]) return;
    context.addIssue({
      code: "custom",
      path: [low],
      message: `must be at most ${high} ${args[high]}`,
    });
  };
  ordered("momentum_start", "momentum_end");
  ordered("mask_ratio_min", "mask_ratio_max");
});

/** Settings of the DINOv2 method. */
export type DINOv2Args = z.infer<typeof DINOv2Args>;
