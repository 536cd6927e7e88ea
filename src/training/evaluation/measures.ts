import type { EvaluationArgs } from "../../config/evaluation_args.ts";
import {
  evaluationMetrics,
  metricOf,
  neighboursSuffix,
  type NetworkName,
  networksOf,
} from "../../config/evaluation_metrics.ts";
import { resolveModel } from "../../config/model_presets.ts";
import type { TrainConfig } from "../../config/train_config.ts";
import { type Budget, KeptViews } from "../../data/kept_views.ts";
import { workersOf } from "../../data/workers.ts";
import { knnClassify } from "../../eval/knn.ts";
import type { ImageVectors } from "../../eval/labelled_vectors.ts";
import { leaveOneOut } from "../../eval/leave_one_out.ts";
import { nearest } from "../../eval/nearest.ts";
import { rankMe } from "../../eval/rank_me.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ImageSet } from "../../images/image_set.ts";
import { type Framing, plainArgs } from "../../views/plain_view.ts";
import { viewsFor } from "../../weights/describe_weights.ts";
import type { EvaluationImages, VotingSets } from "./evaluation_images.ts";

type KnnArgs = NonNullable<EvaluationArgs["knn"]>;

/** One kind of evaluation: when it is made, of which networks, over which images. */
export interface Measure {
  everySteps: number;
  networks: readonly NetworkName[];
  /** Names of what it gives. */
  metrics: readonly string[];
  sets: readonly KeptViews[];
  /** @param vectors Class tokens of each of the sets. */
  metricsOf(vectors: ImageVectors[], network: NetworkName): Promise<Record<string, number>>;
}

/** What measures are made with. */
interface Means {
  gpu: Gpu;
  /** Images that a network looks at together. */
  batchSize: number;
  /** Memory for views that are kept. */
  budget: Budget;
}

/** What a run is evaluated by. */
export function makeMeasures(
  config: TrainConfig,
  { knn, rankMe: looked }: EvaluationImages,
  means: Means,
): Measure[] {
  const { callbacks } = config;
  const measures: Measure[] = [];
  if (knn !== null) {
    const args = callbacks.knn!;
    const sets = knn.test === null ? [knn.train] : [knn.train, knn.test];
    measures.push({
      everySteps: args.every_n_train_steps,
      networks: networksOf(args),
      metrics: evaluationMetrics({ knn: args, rank_me: null }),
      sets: sets.map(({ images }) => viewsOf(images, config, args.framing, means)),
      metricsOf: (vectors, network) => knnMetrics(means.gpu, vectors, knn, args, network),
    });
  }
  if (looked !== null) {
    const args = callbacks.rank_me!;
    measures.push({
      everySteps: args.every_n_train_steps,
      networks: networksOf(args),
      metrics: evaluationMetrics({ knn: null, rank_me: args }),
      sets: [viewsOf(looked, config, args.framing, means)],
      metricsOf: ([{ values, width }], network) =>
        Promise.resolve({ [metricOf(network, "rank_me")]: rankMe(values, width) }),
    });
  }
  return measures;
}

/** Plain views of the size that is trained on. */
function viewsOf(
  images: ImageSet,
  config: TrainConfig,
  framing: Framing,
  { batchSize, budget }: Means,
): KeptViews {
  const { transform_args } = config;
  const { image_size } = transform_args;
  const model = resolveModel(config.model, config.model_args);
  const views = { ...viewsFor(model, plainArgs(transform_args)), image_size };
  const options = { views, framing, batchSize, numWorkers: workersOf(config) };
  return new KeptViews(images, options, budget);
}

/**
 * Accuracy of nearest neighbours, as `eval knn` has it.
 *
 * @param vectors Of the images that vote, and of those to classify unless they are the same: then
 * each is classified by all others.
 */
async function knnMetrics(
  gpu: Gpu,
  [voters, queries]: readonly ImageVectors[],
  { classes: { length: classes }, train, test }: VotingSets,
  { k: counts, temperature }: KnnArgs,
  network: NetworkName,
): Promise<Record<string, number>> {
  const most = Math.max(...counts);
  const neighbours = test === null
    ? leaveOneOut(await nearest(gpu, voters, voters, most + 1))
    : await nearest(gpu, queries, voters, most);
  const labels = labelsOf(voters, train.labels);
  const right = test === null ? labels : labelsOf(queries, test.labels);
  return Object.fromEntries(counts.flatMap((k) => {
    const { top1, top5 } = knnClassify(neighbours, labels, right, { k, classes, temperature });
    const nameOf = (name: string) => metricOf(network, name + neighboursSuffix(k, counts));
    return [[nameOf("knn_top1"), top1], [nameOf("knn_top5"), top5]];
  }));
}

function labelsOf({ indices }: ImageVectors, labels: Uint32Array): Uint32Array {
  return Uint32Array.from(indices, (index) => labels[index]);
}
