import { Gpu } from "../../src/gpu/gpu.ts";
import { type Dispatch, gridOf, type Recorder } from "../../src/gpu/recorder.ts";
import { bytesOf } from "../../src/gpu/plan.ts";
import { type Limits, measureLimits } from "./limits.ts";

/** What one measurement found; one JSON line of it can be compared with another run's. */
export interface Measurement {
  name: string;
  adapter: string;
  medianMs: number;
  p90Ms: number;
  gflops?: number;
  gigabytesPerSecond: number;
  /** Of the adapter's arithmetic limit, or of its bandwidth where nothing is multiplied. */
  shareOfLimit?: number;
}

/** Shortest GPU work of one sample: waiting for the queue takes 10 ms by itself. */
const SAMPLE_MS = 200;

const SAMPLES = 5;

/**
 * Times the dispatches that `record` makes, by running them over and over in one pass.
 *
 * @param record Calls ops; what it uploads or allocates is kept until `gpu` is disposed.
 */
export async function measure(
  gpu: Gpu,
  name: string,
  record: (recorder: Recorder) => void,
): Promise<Measurement & { sample: Sample }> {
  const dispatches: Dispatch[] = [];
  record({
    adapter: gpu.adapter,
    empty: (...tensor) => gpu.empty(...tensor),
    keep: (...tensor) => gpu.keep(...tensor),
    constant: (...table) => gpu.constant(...table),
    run: (dispatch) => dispatches.push(dispatch),
  });
  const run = prepare(gpu, dispatches);
  await run(1); // compiles
  const repeats = Math.max(1, Math.round(SAMPLE_MS / await run(1)));
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) samples.push(await run(repeats) / repeats);
  samples.sort((a, b) => a - b);

  const flops = dispatches.reduce((sum, dispatch) => sum + (dispatch.flops ?? 0), 0);
  const bytes = dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch), 0);
  const medianMs = samples[SAMPLES >> 1];
  return {
    name,
    adapter: gpu.adapter.name,
    medianMs,
    p90Ms: samples[Math.ceil(SAMPLES * 0.9) - 1],
    ...(flops > 0 ? { gflops: flops / medianMs / 1e6 } : {}),
    gigabytesPerSecond: bytes / medianMs / 1e6,
    sample: async () => void await run(repeats),
  };
}

/** Runs all dispatches `repeats` times and says how long that took, in milliseconds. */
function prepare(gpu: Gpu, dispatches: Dispatch[]): (repeats: number) => Promise<number> {
  const { device, pipelines } = gpu;
  const ready = dispatches.map((dispatch) => {
    const { params } = dispatch;
    const uniform = params && device.createBuffer({
      label: `${dispatch.label} (params)`,
      size: params.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    if (uniform) device.queue.writeBuffer(uniform, 0, params);
    return {
      pipeline: pipelines.get(dispatch),
      bindGroup: pipelines.bind(dispatch, uniform && { buffer: uniform }),
      grid: gridOf(dispatch.workgroups),
    };
  });
  return async (repeats) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < repeats; i++) {
      for (const { pipeline, bindGroup, grid } of ready) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...grid);
      }
    }
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await gpu.finish();
    return performance.now() - start;
  };
}

/** Prints a measurement for people on one line and for programs on the next. */
export function report(measurement: Measurement): void {
  const { name, adapter, medianMs, p90Ms, gflops, gigabytesPerSecond, shareOfLimit } = measurement;
  const rate = gflops === undefined
    ? `${gigabytesPerSecond.toFixed(1)} GB/s`
    : `${gflops.toFixed(1)} GFLOP/s`;
  const share = shareOfLimit === undefined ? "" : `, ${(100 * shareOfLimit).toFixed(0)} % of limit`;
  console.log(
    `${name}: ${medianMs.toFixed(2)} ms (90%: ${
      p90Ms.toFixed(2)
    } ms), ${rate}${share} on ${adapter}`,
  );
  console.log(JSON.stringify(measurement));
}

/** One op at one shape: how to check it, and what to time. */
export interface OpBench {
  name: string;
  /** Uploads the inputs, checks the result once, and returns the work to be timed. */
  setup: (gpu: Gpu) => Promise<(recorder: Recorder) => void>;
}

/**
 * Registers benches that print GFLOP/s, or GB/s where nothing is multiplied, and the share of the
 * adapter's limit. Deno's own table then shows the time of one sample, which is many runs.
 */
export function registerBenches(benches: OpBench[]): void {
  for (const { name, setup } of benches) {
    let sample: Promise<Sample> | undefined;
    Deno.bench({ name, n: 1, warmup: 0 }, async (bench) => {
      const take = await (sample ??= reportOp(name, setup));
      bench.start();
      await take();
      bench.end();
    });
  }
}

/** Runs the work of one sample and waits for it. */
export type Sample = () => Promise<void>;

let limits: Promise<Limits> | undefined;

/** The limits of the adapter here, measured once per process. */
async function limitsHere(): Promise<Limits> {
  using gpu = await Gpu.open();
  return await measureLimits(gpu, measure);
}

async function reportOp(name: string, setup: OpBench["setup"]): Promise<Sample> {
  const { gflops, gigabytesPerSecond } = await (limits ??= limitsHere());
  const gpu = await Gpu.open();
  addEventListener("unload", () => gpu[Symbol.dispose]());
  const found = await measure(gpu, name, await setup(gpu));
  const shareOfLimit = found.gflops === undefined
    ? found.gigabytesPerSecond / gigabytesPerSecond
    : found.gflops / gflops;
  report({ ...found, shareOfLimit });
  return found.sample;
}

/** A real batch has some 12,000 tokens; a software adapter gets fewer. */
export function tokensFor(gpu: Gpu): number {
  return gpu.adapter.software ? 2048 : 12_288;
}
