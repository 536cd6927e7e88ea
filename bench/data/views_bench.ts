// deno bench -A bench/data/views_bench.ts: views a second, made on the GPU and by a worker thread.
//
// BENCH_DATA=my_images deno bench -A bench/data/views_bench.ts takes a folder of one's own.
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TransformArgs } from "../../src/config/transform_args.ts";
import { findImages } from "../../src/images/find_images.ts";
import { ImageReader } from "../../src/images/image_reader.ts";
import { type Item, type ItemJob, makeItem, type ViewMaker } from "../../src/data/item.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { benchImages } from "./images.ts";
import { benchOnce } from "./once.ts";

/** Time to fill: waiting for the queue takes 10 ms by itself. */
const SAMPLE_MS = 2000;

/** What a step needs beside views is kept small: the plan must fit any adapter. */
const RUN = {
  out: "-",
  data: "-",
  model: "dinov2/vittest",
  model_args: { patch_size: 14 },
  method_args: { output_dim: 64, hidden_dim: 64, dino_bottleneck_dim: 32 },
};

const RECIPES = {
  "2 x 224": { local_view: null },
  "2 x 224 + 8 x 98": {},
} as const;

const open = await openDevice();
addEventListener("unload", () => open.close());
const { source, name: data } = await benchImages({ count: 64, size: 448 });
const batchSize = open.facts.software ? 16 : 64;

for (const [recipe, transform_args] of Object.entries(RECIPES)) {
  const config = resolveConfig({ ...RUN, batch_size: batchSize, transform_args });
  const args = config.transform_args;
  const views = 2 + (args.local_view?.num_views ?? 0);

  benchOnce(`views on the GPU, ${recipe}`, async () => {
    const items = await itemsOf(args, "gpu");
    const { plan, gpuViews } = recordStep(open.facts, stepShape(config), args);
    using runner = await PlanRunner.build(plan, open);
    const render = async (times: number) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) gpuViews!.submit(runner, items);
      await runner.finish();
      return performance.now() - start;
    };
    await render(1); // compiles
    const times = Math.max(1, Math.round(SAMPLE_MS / await render(1)));
    report(`views on the GPU, ${recipe}`, open.facts.name, await render(times), times * views);
  });

  benchOnce(`views by a worker thread, ${recipe}`, async () => {
    await itemsOf(args, "workers"); // compiles
    // Both decode and draw; the difference is the views.
    const ms = await timeOf(args, "workers") - await timeOf(args, "gpu");
    report(`views by a worker thread, ${recipe}`, "one thread", ms, views);
  });
}

function report(name: string, adapter: string, ms: number, viewsOfAnImage: number): void {
  const viewsPerSecond = batchSize * viewsOfAnImage * 1000 / ms;
  console.log(`${name}, ${data}: ${viewsPerSecond.toFixed(0)} views/s on ${adapter}`);
  console.log(JSON.stringify({ name, data, adapter, viewsPerSecond }));
}

async function timeOf(args: TransformArgs, maker: ViewMaker): Promise<number> {
  const start = performance.now();
  await itemsOf(args, maker);
  return performance.now() - start;
}

/** Items of the first images, one after another. */
async function itemsOf(args: TransformArgs, maker: ViewMaker): Promise<Item[]> {
  const images = await findImages(source);
  using reader = new ImageReader();
  const settings = { views: args, maker, maxImageBytes: Infinity };
  const items: Item[] = [];
  for (let index = 0; index < batchSize; index++) {
    const at = images.location(index % images.names.length);
    const job: ItemJob = { at, seed: 0, epoch: 0, index, attempt: 0 };
    items.push(await makeItem(settings, job, reader));
  }
  return items;
}
