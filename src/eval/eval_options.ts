import type { PlainLoaderOptions } from "../data/plain_loader.ts";
import { ConfigError } from "../config/config_error.ts";
import { ACCELERATORS, KERNELS } from "../config/device_fields.ts";
import { neighbourCounts } from "../config/neighbour_counts.ts";
import { workersOf } from "../data/workers.ts";
import { z } from "../deps/zod.ts";
import { TrainConfig } from "../config/train_config.ts";
import type { EmbeddingLayer } from "../weights/embedding_layer.ts";
import { FEATURE_CHOICES, type FeatureChoice, TOKEN_CHOICES } from "./image_vectors.ts";
import type { OpenBackbone } from "./open_backbone.ts";

/** A path or a name; on a command line, a number that is meant as one. */
export const text = z.union([z.string().min(1), z.number().transform(String)]);

const side = z.int().min(1);

/** Options of everything that computes features of images. */
export const featureFields = {
  checkpoint: text.describe(
    "Run folder, checkpoint, export, file of others, or a model's name, such as dinov2/vits14",
  ),
  which: z.enum(["teacher", "student"]).default("teacher").describe("Network of a checkpoint"),
  num_heads: z.int().min(1).nullable().default(null)
    .describe("Attention heads of a file that does not say, where they are not 64 wide"),
  num_channels: z.int().min(1).max(4).nullable().default(null)
    .describe("Channels of images, to which the patch embedding is adapted; null for its own"),
  tokens: z.enum(TOKEN_CHOICES).default("cls")
    .describe(
      "Vector of an image: class token, mean of the patch tokens, both, or the class token through " +
        "the layer of embed_dim, if it has one",
    ),
  image_size: z.union([
    side.transform((value): [number, number] => [value, value]),
    z.tuple([side, side]),
  ])
    .nullable().default(null).describe("Height and width in pixels; null for those of the run"),
  framing: z.enum(["crop", "squash"]).default("crop")
    .describe("The middle of an image, as DINO evaluates, or all of it, out of proportion"),
  batch_size: z.int().min(1).max(16_384).default(64).describe("Images at once"),
  num_workers: z.union([z.literal("auto"), z.int().min(1)]).default("auto")
    .describe('Threads that decode images; "auto" follows the processor'),
  accelerator: z.enum(ACCELERATORS).default("auto")
    .describe("Kind of adapter; cpu is a software one, dawn another WebGPU than Deno's"),
  kernels: z.enum(KERNELS).default("auto")
    .describe('Variants of the kernels: "gpu", "cpu" for software adapters, "auto" for what fits'),
  seed: z.int().min(0).max(0xffff_ffff).default(0).describe("Seed of random weights"),
};

/** Options of everything that tells classes of images by those of others. */
export const labelledFields = {
  train: text.describe("Folder of labelled images, with a folder for each class"),
  test: text.describe("Folder of images to classify, in folders of the same names"),
  labels: text.nullable().default(null)
    .describe("Table (csv) of filename and label for train and test, in place of class folders"),
  train_labels: text.nullable().default(null).describe("Table for train alone"),
  test_labels: text.nullable().default(null).describe("Table for test alone"),
};

/** Options of `evaluateKnn` and of the command `eval knn`. */
export const KnnOptions = z.strictObject({
  ...featureFields,
  ...labelledFields,
  k: neighbourCounts.default([10, 20, 100, 200]).describe("Numbers of neighbours that vote"),
  temperature: z.number().positive().default(0.07).describe("Softness of the votes"),
});

/** Checked options of `evaluateKnn`. */
export type KnnOptions = z.output<typeof KnnOptions>;

/** What `evaluateKnn` takes. */
export type KnnInput = z.input<typeof KnnOptions>;

/** Formats of files of features. */
export const FEATURE_FORMATS = [
  "csv",
  "npy",
  "safetensors",
  "parquet",
  "torch",
  "lightly_csv",
] as const;

/** The format that the end of a file's name stands for. */
const FORMAT_OF_ENDING: Record<string, FeatureFormat> = {
  csv: "csv",
  npy: "npy",
  safetensors: "safetensors",
  parquet: "parquet",
  pth: "torch",
  pt: "torch",
};

/** What `out` must end in. */
const ENDINGS = ".csv, .npy, .safetensors, .parquet or .pth";

/** One of {@linkcode FEATURE_FORMATS}. */
export type FeatureFormat = typeof FEATURE_FORMATS[number];

/** The format that is asked for; with "auto" what the end of the file's name stands for. */
export function featureFormat(
  { out, format }: { out: string; format: FeatureFormat | "auto" },
): FeatureFormat | undefined {
  if (format !== "auto") return format;
  return FORMAT_OF_ENDING[/\.(\w+)$/.exec(out)?.[1].toLowerCase() ?? ""];
}

/** Options of `embed` and of the command of that name. */
export const EmbedOptions = z.strictObject({
  out: text.describe(`File to write, which ends in ${ENDINGS} unless format is given`),
  data: TrainConfig.shape.data,
  ...featureFields,
  tokens: z.enum(FEATURE_CHOICES).default("embedding")
    .describe(
      "Of an image: class token through the layer of embed_dim, if it has one; class token, mean " +
        "of the patch tokens, both, or every patch token",
    ),
  layers: z.int().min(1).default(1)
    .describe("How many of the last blocks to take them of, one after another along the width"),
  framing: z.enum(["crop", "squash"]).default("squash")
    .describe("All of an image, out of proportion, or its middle, as DINO evaluates"),
  format: z.enum(["auto", ...FEATURE_FORMATS]).default("auto")
    .describe(
      '"auto" goes by the end of out; torch is a .pth, lightly_csv the table that Lightly takes',
    ),
  overwrite: z.boolean().default(false).describe("Replaces a file that is there"),
}).superRefine(({ out, format, tokens }, { addIssue }) => {
  const used = featureFormat({ out, format });
  const refuse = (key: string, message: string) =>
    addIssue({ code: "custom", path: [key], message });
  if (used === undefined) refuse("out", `must end in ${ENDINGS}`);
  if (tokens === "patch" && (used === "parquet" || used?.endsWith("csv"))) {
    refuse("tokens", `must be one vector for each image in ${used}; write npy or safetensors`);
  }
});

/** Checked options of `embed`. */
export type EmbedOptions = z.output<typeof EmbedOptions>;

/** What `embed` takes. */
export type EmbedInput = z.input<typeof EmbedOptions>;

/**
 * Options of everything that computes features of images, as the loader of images takes them.
 *
 * @throws {ConfigError} If views are not whole patches of the model.
 */
export function featureSettings<Tokens extends FeatureChoice = "cls">(
  options: Omit<z.output<z.ZodObject<typeof featureFields>>, "tokens"> & { tokens?: Tokens },
  { model, views, embedding }: Pick<OpenBackbone, "model" | "views" | "embedding">,
): PlainLoaderOptions & { tokens: Tokens | "cls"; embedding?: EmbeddingLayer } {
  const { image_size, framing, batch_size } = options;
  const isPlain = options.tokens === "embedding" && embedding === undefined;
  const tokens = isPlain ? "cls" : options.tokens ?? "cls";
  const size = image_size ?? views.image_size;
  const { patchSize } = model.config;
  if (size.some((side) => side % patchSize !== 0)) {
    const message = `must be multiples of patch_size ${patchSize}, got ${JSON.stringify(size)}`;
    throw new ConfigError([{ key: "image_size", message }]);
  }
  return {
    views: { ...views, image_size: size },
    framing,
    tokens,
    embedding,
    batchSize: batch_size,
    numWorkers: workersOf(options),
  };
}
