// deno bench -A bench/step_bench.ts: whole training steps, views and all, without the data path.
import type { TrainOptions } from "../src/config/train_config.ts";
import { openDevice } from "../src/gpu/device.ts";
import type { Sample } from "../src/machine/measure.ts";
import { type Duration, SAMPLE_MS, timed } from "./support/duration.ts";
import { NoiseStep } from "./support/noise_step.ts";
import { median } from "./support/statistics.ts";

/** Samples whose median is told. */
const SAMPLES = 3;

/** A step of a real model; on a software adapter the same, cut down to seconds. */
interface StepRun {
  name: string;
  hardware: Partial<TrainOptions>;
  /** What of it is cut, for its name. */
  cut: string;
  software: Partial<TrainOptions>;
}

const VITS14: StepRun = {
  name: "step vits14, 2 x 224 + 8 x 98",
  hardware: { model: "dinov2/vits14-notpretrained", batch_size: 32 },
  cut: ", 2 blocks, 4096 prototypes",
  software: {
    model: "dinov2/vits14-notpretrained",
    batch_size: 2,
    model_args: { depth: 2 },
    method_args: { output_dim: 4096 },
  },
};

const RUNS: StepRun[] = [
  VITS14,
  {
    ...VITS14,
    name: `${VITS14.name}, 16-mixed`,
    hardware: { ...VITS14.hardware, precision: "16-mixed" },
    software: { ...VITS14.software, precision: "16-mixed" },
  },
  {
    name: "step vitb14, 2 x 224 + 8 x 98",
    hardware: { model: "dinov2/vitb14-notpretrained", batch_size: 16 },
    cut: ", 1 block, 4096 prototypes",
    software: {
      model: "dinov2/vitb14-notpretrained",
      batch_size: 2,
      model_args: { depth: 1 },
      method_args: { output_dim: 4096 },
    },
  },
  { name: "step vittest, 2 x 32 + 4 x 16", hardware: small(), cut: "", software: small() },
];

function small(): Partial<TrainOptions> {
  return {
    model: "dinov2/vittest",
    batch_size: 32,
    method_args: { hidden_dim: 256, dino_bottleneck_dim: 64, output_dim: 1024 },
    transform_args: { image_size: [32, 32], local_view: { num_views: 4, view_size: [16, 16] } },
  };
}

for (const run of RUNS) {
  let sample: Promise<Sample> | undefined;
  Deno.bench({ name: run.name, n: 1, warmup: 0 }, async (bench) => {
    const take = await (sample ??= reportStep(run));
    bench.start();
    await take();
    bench.end();
  });
}

/** Prints images/s of a step; Deno's own table then shows the time of one sample. */
async function reportStep(run: StepRun): Promise<Sample> {
  const open = await openDevice();
  addEventListener("unload", () => open.close());
  const { name: adapter, software } = open.facts;
  const step = await NoiseStep.build(open, software ? run.software : run.hardware, { tuned: true });
  await step.run(1); // compiles
  const { wallMs } = await timed(() => step.run(1));
  const repeats = Math.max(1, Math.ceil(SAMPLE_MS / wallMs));
  const samples: Duration[] = [];
  for (let i = 0; i < SAMPLES; i++) samples.push(await timed(() => step.run(repeats)));
  const medianMs = median(samples.map(({ wallMs }) => wallMs / repeats));
  const cpuMs = median(samples.map(({ cpuMs }) => cpuMs / repeats));
  const { batchSize } = step;
  const imagesPerSecond = batchSize * 1000 / medianMs;
  const gflops = step.flops / medianMs / 1e6;
  const name = software ? run.name + run.cut : run.name;
  const ofCores = software ? `, ${cpuMs.toFixed(0)} ms of all cores` : "";
  console.log(
    `${name}, batch ${batchSize}: ${medianMs.toFixed(1)} ms${ofCores}, ` +
      `${imagesPerSecond.toFixed(1)} images/s, ${gflops.toFixed(1)} GFLOP/s on ${adapter}`,
  );
  const measured = { name, adapter, batchSize, medianMs, imagesPerSecond, gflops };
  console.log(JSON.stringify(software ? { ...measured, cpuMs } : measured));
  return () => step.run(1);
}
