// deno bench -A bench/data/cache_bench.ts: images a second of the loader, without and with caches.
//
// BENCH_DATA=my_images deno bench -A bench/data/cache_bench.ts takes a folder of one's own.
import { findImages } from "../../src/images/find_images.ts";
import { ViewLoader, type ViewLoaderOptions } from "../../src/data/loader.ts";
import { packedSet } from "../../src/data/packed_set.ts";
import { DEFAULT_TRANSFORM_ARGS, type TransformArgs } from "../../src/views/view_spec.ts";
import { workersOf } from "../../src/data/workers.ts";
import { benchImages } from "./images.ts";
import { benchOnce } from "./once.ts";

/** Views so small that decoding is much of the work. */
const VIEWS: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  image_size: [32, 32],
  local_view: { ...DEFAULT_TRANSFORM_ARGS.local_view!, view_size: [16, 16] },
};

const BATCH_SIZE = 50;
const EPOCHS = 3; // of which the middle counts
const WORKERS = workersOf({ num_workers: "auto" });

const { source, name: data } = await benchImages({ count: 2000, size: 32 });
const folder = await Deno.makeTempDir({ prefix: "cache-bench-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const path = `${folder}/images.pack`;
const images = await findImages(source);
const pack = () => packedSet(images, path, { views: VIEWS, numWorkers: WORKERS });

benchOnce("packing", async () => {
  await pack(); // brings the files into memory
  await Deno.remove(path);
  report("packing", images.names.length, await timeOf(pack));
  report("opening a pack", images.names.length, await timeOf(pack));
});

for (const maker of ["gpu", "workers"] as const) {
  const name = (cache: string) => `loader, views by ${maker}, ${cache}`;
  benchOnce(name("no cache"), () => timeEpochs(name("no cache"), { images, maker }));
  benchOnce(
    name("cache_memory"),
    () => timeEpochs(name("cache_memory"), { images, maker, cacheBytes: 2 ** 30 }),
  );
  benchOnce(
    name("cache_disk"),
    async () => timeEpochs(name("cache_disk"), { images: await pack(), maker }),
  );
}

/** Times epochs after the first, which starts the workers and fills the cache. */
async function timeEpochs(
  name: string,
  options: Pick<ViewLoaderOptions, "images" | "maker" | "cacheBytes">,
): Promise<void> {
  const settings = { seed: 0, views: VIEWS, maxImageBytes: Infinity };
  const loader = new ViewLoader({
    ...settings,
    ...options,
    batchSize: BATCH_SIZE,
    numWorkers: WORKERS,
  });
  const epoch = async () => {
    for (let i = 0; i < loader.batchesPerEpoch; i++) await loader.next();
  };
  await epoch();
  const times: number[] = [];
  for (let i = 0; i < EPOCHS; i++) times.push(await timeOf(epoch));
  loader.close();
  report(name, loader.batchesPerEpoch * BATCH_SIZE, times.sort((a, b) => a - b)[EPOCHS >> 1]);
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function report(name: string, images: number, ms: number): void {
  const imagesPerSecond = images * 1000 / ms;
  console.log(`${name}, ${data}: ${imagesPerSecond.toFixed(0)} images/s, ${WORKERS} workers`);
  console.log(JSON.stringify({ name, data, images, ms, imagesPerSecond, workers: WORKERS }));
}
