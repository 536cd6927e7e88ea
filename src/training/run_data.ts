import type { TrainConfig } from "../config/train_config.ts";
import { ViewLoader, type ViewLoaderOptions } from "../data/loader.ts";
import { packedSet } from "../data/packed_set.ts";
import { DataError } from "../images/errors.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageProblem, ImageSet } from "../images/image_set.ts";
import { assertSomeReadable } from "../images/readable.ts";
import type { StopSignal } from "../stop_signal.ts";
import type { RunObserver } from "./observer.ts";
import { workersOf } from "../data/workers.ts";

/** The images of a run, and how many of them a micro-batch has. */
export interface RunImages {
  images: ImageSet;
  batchSize: number;
}

/**
 * Finds the images of a run before anything else is done.
 *
 * @throws {DataError} If there are none that can be read, or too few for the KoLeo loss; with
 * `data_errors` "fail", if a shard is damaged or a folder cannot be listed.
 */
export async function findRunImages(
  config: TrainConfig,
  observer: RunObserver,
): Promise<RunImages> {
  const images = await findImages(config.data);
  tolerateProblems(images, config, observer);
  await assertSomeReadable(images);
  const batchSize = Math.min(config.batch_size, images.names.length);
  if (batchSize < config.batch_size) {
    observer.onMessage?.(
      `batch_size lowered from ${config.batch_size} to ${batchSize}: there are no more images`,
    );
  }
  checkNeighbours(config, batchSize);
  return { images, batchSize };
}

/**
 * The shards and folders that are not used as a whole, to be told of.
 *
 * @throws {DataError} With `data_errors` "fail", if there are any.
 */
export function toleratedProblems(
  what: "train" | "preview",
  { problems }: ImageSet,
  { data_errors }: Pick<TrainConfig, "data_errors">,
): readonly ImageProblem[] {
  if (data_errors === "skip" || problems.length === 0) return problems;
  const [{ name, message }] = problems;
  throw new DataError(
    `Cannot ${what}: every shard and folder must be readable, got ${name}: ${message}; or set ` +
      `data_errors=skip to do without`,
  );
}

/** Tells of {@linkcode toleratedProblems}; they are thrown with `data_errors` "fail". */
export function tolerateProblems(images: ImageSet, config: TrainConfig, observer: RunObserver) {
  for (const { name, message } of toleratedProblems("train", images, config)) {
    observer.onMessage?.(`${name}: ${message}`);
  }
}

/** The KoLeo loss looks for each image's nearest neighbour in the batch. */
function checkNeighbours({ data, method_args }: TrainConfig, batchSize: number): void {
  if (batchSize >= 2 || method_args.koleo_loss_weight === 0) return;
  throw new DataError(
    `Cannot train: data must hold at least 2 images for the KoLeo loss, got ${batchSize} in ` +
      `${JSON.stringify(data)}; add images or set method_args.koleo_loss_weight=0`,
  );
}

/** What a loader needs to know beside the settings. */
type LoaderFacts = Pick<ViewLoaderOptions, "batchSize" | "startStep" | "maker" | "maxImageBytes">;

/**
 * The images as the loader reads them: packed, where that is asked for.
 *
 * @throws {DataError} If they cannot be packed.
 */
export async function fastSet(
  config: TrainConfig,
  images: ImageSet,
  observer: RunObserver,
  signal: StopSignal,
): Promise<ImageSet> {
  const { cache_disk, transform_args: views } = config;
  if (cache_disk === null) return images;
  const onMessage = (message: string) => observer.onMessage?.(message);
  return await packedSet(images, cache_disk, {
    views,
    numWorkers: workersOf(config),
    onMessage,
    signal,
  });
}

/** Opens the loader of a run. */
export function openLoader(
  config: TrainConfig,
  images: ImageSet,
  facts: LoaderFacts,
  observer: RunObserver,
): ViewLoader & Disposable {
  const { cache_memory, data_errors, seed, transform_args: views } = config;
  const loader = new ViewLoader({
    images,
    seed,
    numWorkers: workersOf(config),
    cacheBytes: cache_memory * 2 ** 30,
    views,
    dataErrors: data_errors,
    onDamage: (message) => observer.onMessage?.(message),
    ...facts,
  });
  return Object.assign(loader, { [Symbol.dispose]: () => loader.close() });
}
