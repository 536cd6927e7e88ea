import { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { type Limits, measureLimits } from "../../src/machine/limits.ts";
import { measure, type Measurement, type Sample } from "../../src/machine/measure.ts";

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

let limits: Promise<Limits> | undefined;

/** The limits of the adapter here, measured once per process. */
async function limitsHere(): Promise<Limits> {
  using gpu = await Gpu.open();
  return await measureLimits(gpu);
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
