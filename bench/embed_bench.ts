// deno bench -A bench/embed_bench.ts: images a second from files to a file of features.
//
// BENCH_DATA=my_images deno bench -A bench/embed_bench.ts takes a folder of one's own.
import { workersOf } from "../src/data/workers.ts";
import { embed } from "../src/eval/embed.ts";
import { createModel } from "../src/inference/model.ts";
import { benchImages } from "./data/images.ts";
import { benchOnce } from "./data/once.ts";

const CHECKPOINT = "dinov2/vits14-notpretrained";

/** On a software adapter a few images take as long as thousands on a GPU. */
const SIZES = await isSoftware() ? { count: 32, batch: 8 } : { count: 4096, batch: 64 };

const { source: data, name } = await benchImages({ count: SIZES.count, size: 256 });
const folder = await Deno.makeTempDir({ prefix: "embed-bench-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

for (const out of ["features.npy", "features.csv", "features.parquet"]) {
  benchOnce(`embed vits14, 224, ${out}`, () => timeEmbed(out));
}

/** Times the batches after the first, for which kernels are compiled and workers are started. */
async function timeEmbed(out: string): Promise<void> {
  const times: { done: number; ms: number }[] = [];
  const options = { out: `${folder}/${out}`, data, checkpoint: CHECKPOINT, image_size: 224 };
  await embed({ ...options, batch_size: SIZES.batch }, {
    onImages: (done) => times.push({ done, ms: performance.now() }),
  });
  const [first, last] = [times[0], times[times.length - 1]];
  const images = last.done - first.done;
  const imagesPerSecond = images / (last.ms - first.ms) * 1000;
  const workers = workersOf({ num_workers: "auto" });
  console.log(`${out}, ${name}: ${imagesPerSecond.toFixed(1)} images/s, ${workers} workers`);
  console.log(JSON.stringify({ name: out, data: name, images, imagesPerSecond, workers }));
}

async function isSoftware(): Promise<boolean> {
  using model = await createModel("dinov2/vittest");
  return model.adapter.software;
}
