import { checkOptions } from "../config/check_options.ts";
import { Gpu } from "../gpu/gpu.ts";
import type { ImageProblem } from "../images/image_set.ts";
import { type ClassReport, classReport } from "./class_report.ts";
import { featureSettings, type KnnInput, KnnOptions } from "./eval_options.ts";
import type { Accuracy } from "./guess_tally.ts";
import { knnClassify } from "./knn.ts";
import { type LabelledImages, type LabelledSets, labelledSets } from "./labelled_sets.ts";
import { collectVectors, type ImageVectors } from "./labelled_vectors.ts";
import { nearest } from "./nearest.ts";
import { noneReadable } from "./none_readable.ts";
import { openBackbone } from "./open_backbone.ts";

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

/** What is told while an evaluation runs. */
export interface EvalHooks {
  /** Images whose features are there, of how many. */
  onImages?(done: number, total: number): void;
  /** Bytes of published weights that are downloaded, of how many. */
  onDownload?(done: number, total: number): void;
  /** Something worth a line: where published weights come from. */
  onMessage?(message: string): void;
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
  const sets = await labelledSets(checked, hooks.onMessage);
  const { train, test, imagesPerSecond } = await vectorsOf(checked, sets, hooks);
  using gpu = await Gpu.open(checked);
  const neighbours = await nearest(gpu, test, train, Math.max(...checked.k));
  const labelsOf = ({ indices }: ImageVectors, { labels }: LabelledImages) =>
    Uint32Array.from(indices, (index) => labels[index]);
  const [labels, right] = [labelsOf(train, sets.train), labelsOf(test, sets.test)];
  const classes = sets.classes.length;
  const { temperature } = checked;
  const results = checked.k.map((k) => ({
    k,
    ...knnClassify(neighbours, labels, right, { k, classes, temperature }),
  }));
  const best = results.reduce((a, b) => (b.top1 > a.top1 ? b : a));
  return {
    knn: Object.fromEntries(results.map(({ k, top1, top5 }) => [k, { top1, top5 }])),
    images: train.indices.length + test.indices.length,
    images_per_second: imagesPerSecond,
    best_k: best.k,
    ...classReport(best.guesses, right, sets.classes),
    skipped: [...train.skipped, ...test.skipped],
  };
}

async function vectorsOf(
  options: KnnOptions,
  { train, test }: LabelledSets,
  { onImages, onDownload, onMessage }: EvalHooks,
): Promise<{ train: ImageVectors; test: ImageVectors; imagesPerSecond: number }> {
  using backbone = await openBackbone(options.checkpoint, {
    ...options,
    find: { onProgress: onDownload, onMessage },
  });
  const { model } = backbone;
  const total = train.images.names.length + test.images.names.length;
  const settings = featureSettings(options, backbone);
  let done = 0;
  const count = (images: number) => onImages?.(done += images, total);
  const start = performance.now();
  const collect = async ({ images }: LabelledImages, folder: string) => {
    const vectors = await collectVectors(model, images, settings, count);
    if (vectors.indices.length > 0) return vectors;
    throw noneReadable(`evaluate "${folder}"`, vectors.skipped);
  };
  const found = {
    train: await collect(train, options.train),
    test: await collect(test, options.test),
  };
  return { ...found, imagesPerSecond: total / (performance.now() - start) * 1000 };
}
