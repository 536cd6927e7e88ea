// deno bench -A bench/step_bench.ts: whole training steps, views and all, without the data path.
import { resolveConfig } from "../src/config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../src/config/train_config.ts";
import { drawMasks } from "../src/views/masks.ts";
import { openDevice } from "../src/gpu/device.ts";
import { costOf } from "../src/gpu/plan.ts";
import { PlanRunner } from "../src/gpu/runner.ts";
import { elementCount } from "../src/gpu/tensor.ts";
import { hyperOf } from "../src/optim/parameter_update.ts";
import { Schedules } from "../src/optim/schedules.ts";
import { randomStream } from "../src/random.ts";
import { initialBuffer } from "../src/model/initial_values.ts";
import { maskSettings, PHASES, recordStep, stepShape } from "../src/training/run_setup.ts";
import { drawDropPath } from "../src/training/drop_path.ts";
import type { TrainStep } from "../src/training/step.ts";
import { setMasks } from "../src/training/step_data.ts";
import type { Sample } from "../src/machine/measure.ts";

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
  const config = resolveConfig({ out: "-", data: "-", steps: 100, ...options });
  const { plan, step } = recordStep(open.facts, stepShape(config));
  const runner = await PlanRunner.build(plan, open);
  fillStep(runner, step, config);
  const sample = async () => {
    for (let i = 0; i < STEPS; i++) runner.run(...PHASES);
    await runner.finish();
  };
  await sample(); // compiles
  const start = performance.now();
  await sample();
  const ms = (performance.now() - start) / STEPS;
  const batchSize = config.batch_size;
  const imagesPerSecond = batchSize * 1000 / ms;
  const gflops = costOf(plan).flops / ms / 1e6;
  const adapter = open.facts.name;
  console.log(
    `${name}, batch ${batchSize}: ${ms.toFixed(1)} ms, ${imagesPerSecond.toFixed(1)} images/s, ` +
      `${gflops.toFixed(1)} GFLOP/s on ${adapter}`,
  );
  console.log(JSON.stringify({ name, adapter, batchSize, ms, imagesPerSecond, gflops }));
  return sample;
}

/** Start values, noise for pixels, masks and the settings of step 0. */
function fillStep(runner: PlanRunner, step: TrainStep, config: TrainConfig): void {
  for (const buffers of step.networks.buffers) {
    runner.write(buffers.values, initialBuffer(buffers, 0, "student"));
    runner.write(buffers.teacher, initialBuffer(buffers, 0, "teacher"));
  }
  for (const views of [step.globalViews, step.localViews]) {
    const pixels = new Float32Array(elementCount(views.shape));
    randomStream(0, "views").fillNormal(pixels);
    runner.write(views, pixels);
  }
  const { method_args: method, optim_args: optim, batch_size: batchSize } = config;
  const schedules = new Schedules({ method, optim, batchSize, totalSteps: 100 });
  const { scaledLr } = schedules;
  const now = schedules.at(0);
  const { inputs, shape } = step;
  setMasks(inputs, shape, drawMasks(randomStream(0, "masks"), maskSettings(shape)));
  drawDropPath(inputs, shape, 0, 0, 0);
  inputs.set("teacher_temp", [now.teacherTemp]);
  inputs.set("hyper", hyperOf(0, now, { method, optim, scaledLr }));
  runner.write(inputs.whole, inputs.values);
}
