// deno bench -A bench/step_bench.ts: whole training steps, views and all, without the data path.
import type { TrainOptions } from "../src/config/train_config.ts";
import { openDevice } from "../src/gpu/device.ts";
import type { Sample } from "../src/machine/measure.ts";
import { NoiseStep } from "./support/noise_step.ts";

/** Steps timed together: waiting for the queue takes 10 ms by itself. */
const STEPS = 3;

/** On a GPU real sizes; on a software adapter the same models, cut down to seconds. */
const RUNS: { name: string; hardware: Partial<TrainOptions>; software: Partial<TrainOptions> }[] = [
  {
    name: "step vits14, 2 x 224 + 8 x 98",
    hardware: { model: "dinov2/vits14-notpretrained", batch_size: 32 },
    software: {
      model: "dinov2/vits14-notpretrained",
      batch_size: 2,
      model_args: { depth: 2 },
      method_args: { output_dim: 4096 },
    },
  },
  {
    name: "step vitb14, 2 x 224 + 8 x 98",
    hardware: { model: "dinov2/vitb14-notpretrained", batch_size: 16 },
    software: {
      model: "dinov2/vitb14-notpretrained",
      batch_size: 2,
      model_args: { depth: 1 },
      method_args: { output_dim: 4096 },
    },
  },
  {
    name: "step vittest, 2 x 32 + 4 x 16",
    hardware: small(),
    software: small(),
  },
];

function small(): Partial<TrainOptions> {
  return {
    model: "dinov2/vittest",
    batch_size: 32,
    method_args: { hidden_dim: 256, dino_bottleneck_dim: 64, output_dim: 1024 },
    transform_args: { image_size: [32, 32], local_view: { num_views: 4, view_size: [16, 16] } },
  };
}

for (const { name, hardware, software } of RUNS) {
  let sample: Promise<Sample> | undefined;
  Deno.bench({ name, n: 1, warmup: 0 }, async (bench) => {
    const take = await (sample ??= reportStep(name, hardware, software));
    bench.start();
    await take();
    bench.end();
  });
}

/** Prints images/s of a step; Deno's own table then shows the time of one sample. */
async function reportStep(
  name: string,
  hardware: Partial<TrainOptions>,
  software: Partial<TrainOptions>,
): Promise<Sample> {
  const open = await openDevice();
  addEventListener("unload", () => open.close());
  const options = open.facts.software ? software : hardware;
  const step = await NoiseStep.build(open, options);
  const sample = () => step.run(STEPS);
  await sample(); // compiles
  const start = performance.now();
  await sample();
  const ms = (performance.now() - start) / STEPS;
  const { batchSize } = step;
  const imagesPerSecond = batchSize * 1000 / ms;
  const gflops = step.flops / ms / 1e6;
  const adapter = open.facts.name;
  console.log(
    `${name}, batch ${batchSize}: ${ms.toFixed(1)} ms, ${imagesPerSecond.toFixed(1)} images/s, ` +
      `${gflops.toFixed(1)} GFLOP/s on ${adapter}`,
  );
  console.log(JSON.stringify({ name, adapter, batchSize, ms, imagesPerSecond, gflops }));
  return sample;
}
