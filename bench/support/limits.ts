import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { fill } from "../../src/ops/fill.ts";
import { addInto } from "../../src/ops/add.ts";
import peak from "./peak.wgsl" with { type: "text" };

/** What an adapter can do at most, measured on it: the denominators of all shares. */
export interface Limits {
  /** Multiply-adds without any memory traffic, a multiply-add counting as two. */
  gflops: number;
  /** Bytes read and written by adding one large tensor to another. */
  gigabytesPerSecond: number;
}

const PEAK_STEPS = 1024;
const PEAK_CHAINS = 8;

/** Times `record`; see `measure` in measure.ts. */
type Measure = (gpu: Gpu, name: string, record: (recorder: Recorder) => void) => Promise<{
  medianMs: number;
}>;

/** Measures both limits in the same process as what they are compared with. */
export async function measureLimits(gpu: Gpu, measure: Measure): Promise<Limits> {
  const lanes = gpu.adapter.software ? 4096 : 2 ** 20;
  const start = gpu.upload([2], Float32Array.of(0.5, 0.25), "start");
  const out = gpu.empty([lanes], "out");
  const arithmetic = await measure(gpu, "peak", (recorder) =>
    recorder.run({
      label: "peak.forward",
      source: peak,
      entryPoint: "forward",
      inputs: [start],
      outputs: [out],
      workgroups: lanes / 64,
    }));
  const length = gpu.adapter.software ? 2 ** 23 : 2 ** 26; // past every cache
  const x = gpu.empty([length], "x");
  const y = gpu.empty([length], "y");
  fill(gpu, x, 1);
  fill(gpu, y, 1);
  const traffic = await measure(gpu, "traffic", (recorder) => addInto(recorder, x, y));
  gpu.free(x);
  gpu.free(y);
  return {
    gflops: lanes * PEAK_STEPS * PEAK_CHAINS * 4 * 2 / arithmetic.medianMs / 1e6,
    gigabytesPerSecond: 3 * 4 * length / traffic.medianMs / 1e6,
  };
}
