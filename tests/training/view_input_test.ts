import { deepEqual, equal } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { findImages } from "../../src/images/find_images.ts";
import { ImageReader } from "../../src/images/image_reader.ts";
import { type Item, makeItem, type ViewMaker } from "../../src/data/item.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { UploadedViews } from "../../src/training/view_input.ts";
import { assertSamples } from "../support/samples.ts";
import { TINY_IMAGES, TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

/** Bytes of an image of the tiny set, 40 x 40 pixels. */
const IMAGE_BYTES = 4800;

/** Levels, so that samples can be told apart: normalization to 0..255. */
const CONFIG = resolveConfig({
  ...TINY_RUN,
  out: "-",
  data: "-",
  transform_args: {
    ...TINY_RUN.transform_args,
    random_rotation: { prob: 0.5 },
    normalize: { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
  },
});

async function itemsOf(data: string, maker: ViewMaker): Promise<Item[]> {
  const images = await findImages(data);
  equal(images.names.length, TINY_IMAGES);
  const settings = { views: CONFIG.transform_args, maker, maxImageBytes: IMAGE_BYTES };
  const jobs = Array.from({ length: CONFIG.batch_size }, (_, index) => ({
    at: images.location(9 * index),
    seed: 4,
    epoch: 0,
    index,
    attempt: 0,
    keepBytes: index % 2 === 0 ? IMAGE_BYTES : 0, // so that images come in shared memory too
  }));
  using reader = new ImageReader();
  return await Promise.all(jobs.map((job) => makeItem(settings, job, reader)));
}

Deno.test("GpuViews brings in what UploadedViews does, in one round or in several", async () => {
  await withTinyRun(async (_, data) => {
    const rendered = await itemsOf(data, "workers");
    const drawn = await itemsOf(data, "gpu");
    const open = await openDevice();
    try {
      for (const images of [1, 3, 4]) {
        const facts = { ...open.facts, maxBindingBytes: images * IMAGE_BYTES + 4 };
        const shape = stepShape(CONFIG);
        const { plan, step, gpuViews } = recordStep(facts, shape, CONFIG.transform_args);
        using runner = await PlanRunner.build(plan, open);
        const views = async () => [
          await runner.download(step.globalViews),
          await runner.download(step.localViews),
        ];
        new UploadedViews(step).submit(runner, rendered);
        const expected = await views();
        for (const tensor of [step.globalViews, step.localViews]) {
          runner.write(tensor, new Float32Array(tensor.shape.reduce((a, b) => a * b)));
        }
        await gpuViews!.submit(runner, drawn);
        const actual = await views();
        equal(gpuViews!.capacityBytes, images * IMAGE_BYTES + 4);
        actual.forEach((all, i) => assertSamples(all, expected[i], { levels: 4 }));
        deepEqual(actual.map((all) => all.length), [2 * 4 * 3 * 32 * 32, 2 * 4 * 3 * 16 * 16]);
      }
    } finally {
      open.close();
    }
  });
});
