// deno bench -A bench/data/cache_bench.ts: epochs over small images, without and with caches.
// BENCH_DATA=folder takes the images there, instead of 2000 generated ones.
import { findImages } from "../../src/data/find_images.ts";
import type { ImageSet } from "../../src/data/image_set.ts";
import type { ViewMaker } from "../../src/data/item.ts";
import { ViewLoader, type ViewLoaderOptions } from "../../src/data/loader.ts";
import { packedSet } from "../../src/data/packed_set.ts";
import { DEFAULT_TRANSFORM_ARGS, type TransformArgs } from "../../src/data/view_spec.ts";
import { writeTextureSet } from "../../src/demo/texture_set.ts";
import { workersOf } from "../../src/training/workers.ts";

/** Views so small that decoding is most of the work. */
const VIEWS: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [32, 32],
  local_view: { ...DEFAULT_TRANSFORM_ARGS.local_view!, view_size: [16, 16] },
};

const GENERATED = { images: 2000, size: 32 };
const BATCH_SIZE = 50;
const EPOCHS = 3; // of which the middle counts
const NUM_WORKERS = workersOf({ num_workers: "auto" });

interface Data {
  images: ImageSet;
  packed: ImageSet;
}

let data: Promise<Data> | undefined;

for (const maker of ["gpu", "workers"] as const) {
  bench(`loader, views by ${maker}, no cache`, maker, ({ images }) => ({ images }));
  bench(`loader, views by ${maker}, cache_memory`, maker, ({ images }) => {
    return { images, cacheBytes: 2 ** 30 };
  });
  bench(`loader, views by ${maker}, cache_disk`, maker, ({ packed }) => ({ images: packed }));
}

/** Registers epochs of a loader; Deno's own table then shows the time of one. */
function bench(
  name: string,
  maker: ViewMaker,
  optionsOf: (data: Data) => Pick<ViewLoaderOptions, "images" | "cacheBytes">,
): void {
  let epoch: Promise<() => Promise<void>> | undefined;
  Deno.bench({ name, n: 1, warmup: 0 }, async (bench) => {
    const take = await (epoch ??= reportEpochs(name, maker, optionsOf));
    bench.start();
    await take();
    bench.end();
  });
}

async function reportEpochs(
  name: string,
  maker: ViewMaker,
  optionsOf: (data: Data) => Pick<ViewLoaderOptions, "images" | "cacheBytes">,
): Promise<() => Promise<void>> {
  const options = optionsOf(await (data ??= openData()));
  const loader = new ViewLoader({
    seed: 0,
    batchSize: BATCH_SIZE,
    numWorkers: NUM_WORKERS,
    views: VIEWS,
    maker,
    maxImageBytes: Infinity,
    ...options,
  });
  addEventListener("unload", () => loader.close());
  const take = async () => {
    for (let i = 0; i < loader.batchesPerEpoch; i++) await loader.next();
  };
  await take(); // starts the workers, fills the cache
  const times: number[] = [];
  for (let i = 0; i < EPOCHS; i++) times.push(await timeOf(take));
  const ms = times.sort((a, b) => a - b)[EPOCHS >> 1];
  report(name, loader.batchesPerEpoch * BATCH_SIZE, ms);
  return take;
}

/** The images, from a folder that is removed in the end, or from a given one. */
async function openData(): Promise<Data> {
  const folder = await Deno.makeTempDir({ prefix: "cache-bench-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const given = Deno.env.get("BENCH_DATA");
  if (given === undefined) await writeTextureSet(folder, GENERATED);
  const images = await findImages(given ?? folder);
  const [path, options] = [`${folder}/images.pack`, { views: VIEWS, numWorkers: NUM_WORKERS }];
  await packedSet(images, path, options); // brings the files into memory
  await Deno.remove(path);
  const ms = await timeOf(async () => void await packedSet(images, path, options));
  report("packing", images.names.length, ms);
  const openMs = await timeOf(async () => void await packedSet(images, path, options));
  report("opening a pack", images.names.length, openMs);
  return { images, packed: await packedSet(images, path, options) };
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** For people, and for programs. */
function report(name: string, images: number, ms: number): void {
  const imagesPerSecond = images * 1000 / ms;
  console.log(
    `${name}: ${images} images in ${ms.toFixed(0)} ms, ${imagesPerSecond.toFixed(0)} images/s ` +
      `with ${NUM_WORKERS} workers`,
  );
  console.log(JSON.stringify({ name, images, ms, imagesPerSecond, numWorkers: NUM_WORKERS }));
}
