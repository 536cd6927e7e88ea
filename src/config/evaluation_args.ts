import { z } from "../deps/zod.ts";
import { neighbourCounts } from "./neighbour_counts.ts";

/** Settings of everything that looks at the features of images along the way. */
const evaluationFields = {
  every_n_train_steps: z.int().min(1).default(1000)
    .describe("Steps between two evaluations; the start and the end are evaluated too"),
  framing: z.enum(["crop", "squash"]).default("crop")
    .describe("The middle of an image, as DINO evaluates, or all of it, out of proportion"),
  student: z.boolean().default(false)
    .describe("Evaluate the student beside the teacher, as metrics that begin with student_"),
};

const table = () => z.string().min(1).nullable().default(null);

const KnnArgs = z.strictObject({
  train: z.string().min(1).describe("Folder of labelled images to vote, a folder for each class"),
  test: z.string().min(1).nullable().default(null)
    .describe("Folder of images to classify; null for those of train, each by all others"),
  labels: table().describe(
    "Table (csv) of filename and label for train and test, in place of class folders",
  ),
  train_labels: table().describe("Table for train alone"),
  test_labels: table().describe("Table for test alone"),
  k: neighbourCounts.default([20])
    .describe("Neighbours that vote; of several numbers the first is knn_top1's"),
  temperature: z.number().positive().default(0.07).describe("Softness of the votes"),
  max_images: z.int().min(2).nullable().default(null)
    .describe("Images of each folder at most, spread evenly over it; null for all"),
  max_drop: z.number().min(0).max(100).nullable().default(null).describe(
    "Percentage points that knn_top1 may fall below its best before the run ends; null for any",
  ),
  ...evaluationFields,
});

const RankMeArgs = z.strictObject({
  images: z.int().min(2).max(65_536).default(2048)
    .describe("Training images whose features are looked at, spread evenly over all"),
  ...evaluationFields,
});

/** How good the features are along the way. */
export const EvaluationArgs = z.strictObject({
  knn: KnnArgs.nullable().default(null)
    .describe("Nearest-neighbour accuracy on labelled images along the way; null for none"),
  rank_me: RankMeArgs.nullable().default(null)
    .describe("Effective rank of features of training images, with {}; null for none"),
});

/** How good the features are along the way. */
export type EvaluationArgs = z.output<typeof EvaluationArgs>;
