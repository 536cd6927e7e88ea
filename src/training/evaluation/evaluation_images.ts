import type { TrainConfig } from "../../config/train_config.ts";
import { type LabelledImages, labelledSets } from "../../eval/labelled_sets.ts";
import { someImages, spreadPlaces } from "../../eval/some_images.ts";
import { imagesAt, type ImageSet } from "../../images/image_set.ts";
import { assertSomeReadable } from "../../images/readable.ts";
import type { RunObserver } from "../observer.ts";
import { tolerateProblems } from "../run_data.ts";

/** Labelled images: those that vote, and those to classify. */
export interface VotingSets {
  classes: readonly string[];
  train: LabelledImages;
  /** Null: those of `train`, each by all others. */
  test: LabelledImages | null;
}

/** The images that a run is evaluated by; null for what is switched off. */
export interface EvaluationImages {
  knn: VotingSets | null;
  rankMe: ImageSet | null;
}

/**
 * Finds the images that a run is to be evaluated by, before anything is done.
 *
 * @param images Those that are trained on.
 * @throws {DataError} If there are none that can be read, or they have no classes.
 */
export async function findEvaluationImages(
  config: TrainConfig,
  images: ImageSet,
  observer: RunObserver,
): Promise<EvaluationImages> {
  const { rank_me } = config.callbacks;
  return {
    knn: await findVoters(config, observer),
    rankMe: rank_me === null ? null : someImages(images, rank_me.images),
  };
}

async function findVoters(config: TrainConfig, observer: RunObserver): Promise<VotingSets | null> {
  const { knn } = config.callbacks;
  if (knn === null) return null;
  const onMessage = (message: string) => observer.onMessage?.(message);
  const { train, test, labels, train_labels, test_labels } = knn;
  const sources = { train, test, labels, train_labels, test_labels };
  const found = await labelledSets(sources, onMessage, "callbacks.knn.");
  const used = found.test === null ? [found.train] : [found.train, found.test];
  for (const [i, { images }] of used.entries()) {
    tolerateProblems(images, config, observer);
    await assertSomeReadable(images, `evaluate callbacks.knn.${i === 0 ? "train" : "test"}`);
  }
  const [voters, queries = null] = used.map((each) => spreadOver(each, knn.max_images));
  return { classes: found.classes, train: voters, test: queries };
}

/** As many of them as are wanted. */
function spreadOver({ images, labels }: LabelledImages, most: number | null): LabelledImages {
  const places = spreadPlaces(labels.length, most ?? Infinity);
  return {
    images: imagesAt(images, places),
    labels: Uint32Array.from(places, (place) => labels[place]),
  };
}
