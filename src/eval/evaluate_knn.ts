import { checkOptions } from "../config/check_options.ts";
import { Gpu } from "../gpu/gpu.ts";
import type { ImageProblem } from "../images/image_set.ts";
import { type ClassReport, classReport } from "./class_report.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { type KnnInput, KnnOptions } from "./eval_options.ts";
import type { Accuracy } from "./guess_tally.ts";
import { knnClassify } from "./knn.ts";
import { labelledSets } from "./labelled_sets.ts";
import { labelledVectors } from "./labelled_vectors.ts";
import { nearest } from "./nearest.ts";

/** How good features are by the classes of their neighbours; by class, for the best number of them. */
export interface KnnReport extends ClassReport {
  /** By the number of neighbours. */
  knn: Record<string, Accuracy>;
  /** Images of both folders. */
  images: number;
  images_per_second: number;
  /** The number of neighbours of the best `top1`, which what is told by class is of. */
  best_k: number;
  skipped: ImageProblem[];
}

/**
 * Classifies images by their nearest neighbours among labelled ones, as DINO evaluates features:
 * cosine similarity, votes weighted with a temperature of 0.07. Nothing is trained. Classes are the
 * folders of images, or are in tables: `labels`, `train_labels`, `test_labels`.
 *
 * @example
 * ```ts
 * import { evaluateKnn } from "./evaluate_knn.ts";
 *
 * async function accuracy(run: string) {
 *   const folders = { train: "photos/train", test: "photos/test" };
 *   const { knn } = await evaluateKnn({ checkpoint: run, ...folders, k: [20] });
 *   return knn[20].top1;
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options.
 * @throws {DataError} If a folder holds no readable image, or its images have no classes.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or a batch does not fit it.
 */
export async function evaluateKnn(
  options: KnnInput,
  hooks: EvalHooks = {},
): Promise<KnnReport> {
  const checked = checkOptions(KnnOptions, options);
  const { classes, ...sets } = await labelledSets(checked, hooks.onMessage);
  const { found: { train, test }, imagesPerSecond } = await labelledVectors(checked, sets, hooks);
  using gpu = await Gpu.open(checked);
  const neighbours = await nearest(gpu, test, train, Math.max(...checked.k));
  const { temperature } = checked;
  const results = checked.k.map((k) => ({
    k,
    ...knnClassify(neighbours, train.labels, test.labels, {
      k,
      classes: classes.length,
      temperature,
    }),
  }));
  const best = results.reduce((a, b) => (b.top1 > a.top1 ? b : a));
  return {
    knn: Object.fromEntries(results.map(({ k, top1, top5 }) => [k, { top1, top5 }])),
    images: train.indices.length + test.indices.length,
    images_per_second: imagesPerSecond,
    best_k: best.k,
    ...classReport(best.guesses, test.labels, classes),
    skipped: [...train.skipped, ...test.skipped],
  };
}
