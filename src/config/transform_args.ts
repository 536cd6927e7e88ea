import { z } from "../deps/zod.ts";

const probability = () => z.number().min(0).max(1);
const amount = () => z.number().min(0);
const side = () => z.int().min(1).max(4096);

/** `[height, width]` in pixels; one number stands for a square. */
export const viewSize = () =>
  z.union([side(), z.tuple([side(), side()])], {
    error: "must be a size in pixels or [height, width]",
  }).transform((size): [number, number] => typeof size === "number" ? [size, size] : size);

const randomResize = (minScale: number, maxScale: number) =>
  z.strictObject({
    min_scale: z.number().positive().max(1).default(minScale)
      .describe("Smallest share of the image's area that a crop covers"),
    max_scale: z.number().positive().max(1).default(maxScale)
      .describe("Largest share of the image's area that a crop covers"),
  }).superRefine(({ min_scale, max_scale }, context) => {
    if (min_scale <= max_scale) return;
    const message = `must be at most max_scale ${max_scale}`;
    context.addIssue({ code: "custom", path: ["min_scale"], message });
  });

/** The widest that the GPU blurs: its kernel reaches 96 pixels to each side. */
const MAX_SIGMA = 27;
const MAX_BLUR_LIMIT = 193;
const BLUR_REACH = "for the GPU blurs over 96 pixels to each side";

const withinReach = (value: z.ZodNumber, most: number) =>
  value.refine((given) => given <= most, { error: `must be at most ${most}, ${BLUR_REACH}` });

const sigma = () => withinReach(amount(), MAX_SIGMA);

const blurLimit = () => {
  const size = withinReach(z.int().min(0), MAX_BLUR_LIMIT);
  const range = z.tuple([size, size])
    .refine(([low, high]) => low <= high, { error: "must be in ascending order" });
  return z.union([size, range], { error: "must be a whole number or [smallest, largest]" });
};

const gaussianBlur = (prob: number) =>
  z.strictObject({
    prob: probability().default(prob).describe("Probability of blurring a view"),
    sigmas: z.tuple([sigma(), sigma()]).default([0.1, 2])
      .refine(([low, high]) => low <= high, { error: "must be in ascending order" })
      .describe("Range that the blur's standard deviation is drawn from, in pixels"),
    blur_limit: blurLimit().default(0).describe(
      "Range that the kernel's size is drawn from, or its end; 0 derives it from the deviation",
    ),
  });

const solarize = () =>
  z.strictObject({
    prob: probability().default(0.2).describe("Probability of inverting bright pixels"),
    threshold: probability().default(0.5).describe("Brightness from which pixels are inverted"),
  });

const randomFlip = () =>
  z.strictObject({
    horizontal_prob: probability().default(0.5)
      .describe("Probability of mirroring left and right"),
    vertical_prob: probability().default(0).describe("Probability of mirroring top and bottom"),
  });

const colorJitter = () =>
  z.strictObject({
    prob: probability().default(0.8).describe("Probability of changing colors"),
    strength: amount().default(0.5).describe("Factor on the four amounts"),
    brightness: amount().default(0.8).describe("Largest relative change of brightness"),
    contrast: amount().default(0.8).describe("Largest relative change of contrast"),
    saturation: amount().default(0.4).describe("Largest relative change of saturation"),
    hue: z.number().min(0).max(0.5).default(0.2)
      .describe("Largest shift of hue, in turns of the color circle"),
  });

const randomRotation = () =>
  z.strictObject({
    prob: probability().default(1).describe("Probability of rotating a view"),
    degrees: z.number().min(0).max(360).default(90)
      .describe("Largest angle, in either direction; what lies outside is mirrored"),
  });

const channelDrop = () =>
  z.strictObject({
    num_channels_keep: z.int().min(1).max(4).describe("Channels of a view, and of the model"),
    weight_drop: z.array(amount()).describe(
      "For each channel how likely it is dropped, relative to the others; 0 for never",
    ),
  });

const statistics = (value: z.ZodNumber) =>
  z.union([z.literal("auto"), z.array(value)], { error: 'must be "auto" or a list of numbers' })
    .default("auto");

const normalize = () =>
  z.strictObject({
    mean: statistics(z.number())
      .describe('Mean of each channel of an image, of values from 0 to 1; "auto" is ImageNet\'s'),
    std: statistics(z.number().positive())
      .describe('Standard deviation of each channel of an image; "auto" is ImageNet\'s'),
  });

const globalView1 = () =>
  z.strictObject({
    gaussian_blur: gaussianBlur(0.1).nullable().prefault({})
      .describe("Blur of the second global view; null for none"),
    solarize: solarize().nullable().prefault({})
      .describe("Solarization of the second global view; null for none"),
  });

const localView = () =>
  z.strictObject({
    num_views: z.int().min(0).max(256).default(8).describe("Local views of each image"),
    view_size: viewSize().default([98, 98]).describe(
      "Size of a local view, [height, width]; the default follows patch_size",
    ),
    random_resize: randomResize(0.05, 0.32).nullable().prefault({})
      .describe("Crop of a local view; null resizes the whole image"),
    gaussian_blur: gaussianBlur(0.5).nullable().prefault({})
      .describe("Blur of a local view; null for none"),
  });

/** How views are made from an image; names and defaults are the reference's for DINOv2. */
export const TransformArgs = z.strictObject({
  image_size: viewSize().default([224, 224]).describe(
    "Size of a global view, [height, width]; the default follows patch_size",
  ),
  num_channels: z.union([z.literal("auto"), z.int().min(1).max(4)]).default("auto").describe(
    "What images are decoded to: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; " +
      '"auto" follows model_args.in_chans',
  ),
  channel_drop: channelDrop().nullable().default(null)
    .describe("Leaving channels out of each view; null for none"),
  random_resize: randomResize(0.32, 1).nullable().prefault({})
    .describe("Crop of a global view; null resizes the whole image"),
  random_flip: randomFlip().nullable().prefault({}).describe("Mirroring; null for none"),
  random_rotation: randomRotation().nullable().default(null).describe("Rotation; null for none"),
  color_jitter: colorJitter().nullable().prefault({}).describe("Color changes; null for none"),
  random_gray_scale: probability().nullable().default(0.2)
    .describe("Probability of making a view gray; null for never"),
  gaussian_blur: gaussianBlur(1).nullable().prefault({})
    .describe("Blur of the first global view; null for none"),
  solarize: solarize().nullable().default(null)
    .describe("Solarization of the first global view; null for none"),
  normalize: normalize().nullable().prefault({}).describe(
    "Mean and deviation the pixels are normalized by; null leaves them from 0 to 1",
  ),
  global_view_1: globalView1().nullable().prefault({}).describe(
    "What the second global view does differently; null for nothing",
  ),
  local_view: localView().nullable().prefault({})
    .describe("Small views for the student alone; null for none"),
});

/** How views are made from an image, as far as the arguments alone say. */
export type ParsedTransformArgs = z.infer<typeof TransformArgs>;

/** How views are made from an image, with nothing left to decide. */
export type TransformArgs = Omit<ParsedTransformArgs, "num_channels" | "normalize"> & {
  num_channels: number;
  normalize: { mean: number[]; std: number[] };
};
