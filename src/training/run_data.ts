import type { TrainConfig } from "../config/train_config.ts";
import { ViewLoader, type ViewLoaderOptions } from "../data/loader.ts";
import { packedSet } from "../data/packed_set.ts";
import { DataError } from "../images/errors.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageSet } from "../images/image_set.ts";
import { assertSomeReadable } from "../images/readable.ts";
import type { StopSignal } from "../stop_signal.ts";
import type { RunObserver } from "./observer.ts";
import { workersOf } from "./workers.ts";

/** The images of a run, and how many of them a micro-batch has. */
export interface RunImages {
  images: ImageSet;
  batchSize: number;
}

/**
 * Finds the images of a run before anything else is done.
 *
 * @throws {DataError} If there are none that can be read, or too few for the KoLeo loss; with
 * `data_errors` "fail", if a shard is damaged.
 */
export async function findRunImages(
  config: TrainConfig,
  observer: RunObserver,
): Promise<RunImages> {
  const images = await findImages(config.data);
  noteProblems(images, config, observer);
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

/** Tells of shards that are not used as a whole, or ends the run, as it is told to. */
function noteProblems(
  { problems }: ImageSet,
  { data_errors }: TrainConfig,
  observer: RunObserver,
): void {
  for (const { name, message } of problems) {
    if (data_errors === "fail") {
      throw new DataError(
        `Cannot train: every shard must be readable, got ${name}: ${message}; or set ` +
          `data_errors=skip to do without`,
      );
    }
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

/** Opens the loader of a run; its images are packed first, where that is asked for. */
export async function openLoader(
  config: TrainConfig,
  images: ImageSet,
  facts: LoaderFacts,
  observer: RunObserver,
  signal: StopSignal,
): Promise<ViewLoader & Disposable> {
  const { cache_memory, cache_disk, data_errors, seed, transform_args: views } = config;
  const numWorkers = workersOf(config);
  const onMessage = (message: string) => observer.onMessage?.(message);
  const loader = new ViewLoader({
    images: cache_disk === null
      ? images
      : await packedSet(images, cache_disk, { views, numWorkers, onMessage, signal }),
    seed,
    numWorkers,
    cacheBytes: cache_memory * 2 ** 30,
    views,
    dataErrors: data_errors,
    onDamage: onMessage,
    ...facts,
  });
  return Object.assign(loader, { [Symbol.dispose]: () => loader.close() });
}
