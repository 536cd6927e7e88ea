import process from "node:process";
import { chooseBuiltIn } from "../gpu/choice.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { bytesOf } from "../gpu/plan.ts";
import { type Dispatch, gridOf, type Recorder } from "../gpu/recorder.ts";

/** What one measurement found; one JSON line of it can be compared with another run's. */
export interface Measurement {
  name: string;
  adapter: string;
  medianMs: number;
  p90Ms: number;
  /** Time of all cores, where they are what computes: other programs do not lengthen it. */
  cpuMs?: number;
  gflops?: number;
  gigabytesPerSecond: number;
  /** Of the adapter's arithmetic limit, or of its bandwidth where nothing is multiplied. */
  shareOfLimit?: number;
}

/** Runs the work of one sample and waits for it. */
export type Sample = () => Promise<void>;

/** Shortest GPU work of one sample: waiting for the queue takes 10 ms by itself. */
const SAMPLE_MS = 200;

const SAMPLES = 5;

/**
 * Times the dispatches that `record` makes, by running them over and over in one pass: about a
 * second of work.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { matmul } from "../ops/matmul.ts";
 * import { measure } from "./measure.ts";
 *
 * using gpu = await Gpu.open();
 * const a = gpu.upload([64, 64], new Float32Array(64 * 64), "a");
 * const { gflops } = await measure(gpu, "matmul", (recorder) => void matmul(recorder, a, a));
 * console.log(gflops);
 * ```
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
    elem: gpu.elem,
    empty: (...tensor) => gpu.empty(...tensor),
    keep: (...tensor) => gpu.keep(...tensor),
    constant: (...table) => gpu.constant(...table),
    run: (dispatch) => dispatches.push(dispatch),
    choose: chooseBuiltIn,
  });
  const run = prepare(gpu, dispatches);
  await run(1); // compiles
  const repeats = Math.max(1, Math.round(SAMPLE_MS / await run(1)));
  const samples: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let i = 0; i < SAMPLES; i++) samples.push(await run(repeats) / repeats);
  const { user, system } = process.cpuUsage(cpuBefore);
  samples.sort((a, b) => a - b);

  const flops = dispatches.reduce((sum, dispatch) => sum + (dispatch.flops ?? 0), 0);
  const bytes = dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch), 0);
  const medianMs = samples[SAMPLES >> 1];
  return {
    name,
    adapter: gpu.adapter.name,
    medianMs,
    p90Ms: samples[Math.ceil(SAMPLES * 0.9) - 1],
    ...(gpu.adapter.software ? { cpuMs: (user + system) / 1000 / (SAMPLES * repeats) } : {}),
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
