import type { Gpu } from "../gpu/gpu.ts";
import { measure } from "./measure.ts";
import peak from "./peak.wgsl" with { type: "text" };

/** What an adapter can do at most, measured on it: the denominators of all shares. */
export interface Limits {
  /** Multiply-adds without any memory traffic, a multiply-add counting as two. */
  gflops: number;
  /** Bytes read and written by copying one large buffer to another. */
  gigabytesPerSecond: number;
}

const PEAK_STEPS = 1024;
const PEAK_CHAINS = 8;

/** Measures both limits in the same process as what they are compared with. */
export async function measureLimits(gpu: Gpu): Promise<Limits> {
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
  return {
    gflops: lanes * PEAK_STEPS * PEAK_CHAINS * 4 * 2 / arithmetic.medianMs / 1e6,
    gigabytesPerSecond: await copyBandwidth(gpu),
  };
}

/** Gigabytes read and written a second by copies between buffers that no cache holds. */
export async function copyBandwidth(gpu: Gpu): Promise<number> {
  const length = gpu.adapter.software ? 2 ** 23 : 2 ** 26;
  const [from, to] = [gpu.empty([length], "from"), gpu.empty([length], "to")];
  const copies = gpu.adapter.software ? 20 : 500;
  const copy = async (count: number) => {
    const encoder = gpu.device.createCommandEncoder();
    const [source, target] = [from.storage.buffer!, to.storage.buffer!];
    for (let i = 0; i < count; i++) {
      encoder.copyBufferToBuffer(source, 0, target, 0, 4 * length);
    }
    const start = performance.now();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.finish();
    return performance.now() - start;
  };
  await copy(1);
  const ms = await copy(copies);
  gpu.free(from);
  gpu.free(to);
  return copies * 2 * 4 * length / ms / 1e6;
}
