import { z } from "../deps/zod.ts";
import { numberList } from "../config/number_list.ts";
import { featureFields, labelledFields, text } from "./eval_options.ts";

const { tokens: _tokens, batch_size: _batchSize, ...backboneFields } = featureFields;

/** Options of everything that trains classifiers and chooses among them. */
const probeFields = {
  train: labelledFields.train,
  val: text.nullable().default(null)
    .describe("Folder of images to choose the best by; null holds some of train out for it"),
  val_share: z.number().positive().max(0.5).default(0.2)
    .describe("Share of the images of each class of train that is held out, without val"),
  test: text.nullable().default(null)
    .describe("Folder of images that the best is judged on, once it is chosen; null for none"),
  labels: text.nullable().default(null)
    .describe("Table (csv) of filename and label for all folders, in place of class folders"),
  train_labels: labelledFields.train_labels,
  val_labels: text.nullable().default(null).describe("Table for val alone"),
  test_labels: labelledFields.test_labels,
  seed: featureFields.seed.describe("Seed of what is held out, of views and of random weights"),
};

const isPositive = (value: number) => Number.isFinite(value) && value > 0;

/**
 * For 256 images a step. Differs: DINOv2's own end at 0.1, for sets of a million images; few steps
 * want larger ones.
 */
const LEARNING_RATES = [
  ...[0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002],
  ...[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
];

/** Most of them: each is a classifier of every input. */
const MOST_RATES = 100;

/** Options of `evaluateLinear` and of the command `eval linear`. */
export const LinearOptions = z.strictObject({
  ...backboneFields,
  ...probeFields,
  batch_size: z.int().min(1).max(16_384).default(64).describe("Images of a step, and at once"),
  epochs: z.int().min(1).max(10_000).default(10)
    .describe("Times that each image of train is seen, each time cut out anew"),
  lr: numberList(isPositive, "positive numbers, such as 0.01 or 0.001,0.01")
    .refine((rates) => rates.length <= MOST_RATES, `must be at most ${MOST_RATES} rates`)
    .default(LEARNING_RATES)
    .describe("Learning rates for 256 images a step, one classifier each"),
  blocks: numberList((n) => Number.isInteger(n) && n >= 1, "whole numbers from 1, such as 1,4")
    .nullable().default(null)
    .describe("How many of the last blocks a classifier sees; null for 1 and 4"),
  min_scale: z.number().positive().max(1).default(0.08)
    .describe("Smallest share of a training image that is cut out"),
  flip: z.number().min(0).max(1).default(0.5)
    .describe("Probability of mirroring a training image left and right"),
});

/** Checked options of `evaluateLinear`. */
export type LinearOptions = z.output<typeof LinearOptions>;

/** What `evaluateLinear` takes. */
export type LinearInput = z.input<typeof LinearOptions>;

/** Options of `evaluateLogreg` and of the command `eval logreg`. */
export const LogregOptions = z.strictObject({
  ...featureFields,
  ...probeFields,
  c: numberList(isPositive, "positive numbers, such as 1 or 0.1,1,10")
    .default([0.1, 1, 10, 100, 1000, 10_000, 100_000])
    .describe("Inverse strengths of the penalty on weights, as scikit-learn's C"),
  max_iterations: z.int().min(1).max(100_000).default(1000)
    .describe("Most steps of L-BFGS for each of them"),
});

/** Checked options of `evaluateLogreg`. */
export type LogregOptions = z.output<typeof LogregOptions>;

/** What `evaluateLogreg` takes. */
export type LogregInput = z.input<typeof LogregOptions>;
