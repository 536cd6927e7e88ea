import type { AdapterFacts } from "../gpu/device.ts";
import { GpuError } from "../gpu/errors.ts";
import { Gpu } from "../gpu/gpu.ts";
import { VERSION } from "../version.ts";
import { checkDecoders, type DecoderCheck } from "./decoders.ts";
import { checkHalf, checkLongLoop, checkMatmul, type MatmulCheck } from "./gpu_checks.ts";
import { copyBandwidth } from "./limits.ts";
import { driverRemedy, hiddenGpuHint, type SystemFacts, systemFacts } from "./system.ts";

/** What was tried on an adapter. */
export interface GpuChecks {
  matmul: MatmulCheck;
  copyGigabytesPerSecond: number;
  /** Null where the adapter does not offer f16. */
  half: boolean | null;
  /** Whether loops of more than 65,535 iterations end where they should. */
  longLoop: boolean;
}

/** What a machine can do. */
export interface MachineReport {
  version: string;
  system: SystemFacts;
  adapter: AdapterFacts | null;
  checks: GpuChecks | null;
  decoders: DecoderCheck;
  /** Threads that a run would decode images with. */
  workers: number;
  /** Why there is no adapter, or why it cannot be used. */
  failure: string | null;
  /** What to do about it, or about a GPU that is not found: words, and commands indented. */
  remedy: string[];
  verdict: "ready" | "slow" | "not ready";
}

/**
 * Finds out what this machine can do: its adapter and system, tried and timed in a few seconds.
 *
 * @example
 * ```ts
 * import { examineMachine } from "./examine.ts";
 *
 * const { verdict, checks } = await examineMachine(1);
 * console.log(verdict, checks?.matmul.gflops);
 * ```
 *
 * @param workers Threads that a run here would decode images with.
 */
export async function examineMachine(workers: number): Promise<MachineReport> {
  const gpu = await examineGpu();
  const decoders = await checkDecoders();
  const working = gpu.failure === null && decoders.wasm === null;
  const software = gpu.adapter?.software === true;
  return {
    version: VERSION,
    system: await systemFacts(),
    ...gpu,
    decoders,
    workers,
    remedy: gpu.adapter === null ? [...hiddenGpuHint(), ...driverRemedy()] : hiddenFrom(software),
    verdict: !working ? "not ready" : software ? "slow" : "ready",
  };
}

function hiddenFrom(software: boolean): string[] {
  return software ? hiddenGpuHint() : [];
}

type GpuReport = Pick<MachineReport, "adapter" | "checks" | "failure">;

async function examineGpu(): Promise<GpuReport> {
  let adapter: AdapterFacts | null = null;
  try {
    using gpu = await Gpu.open();
    adapter = gpu.adapter;
    const checks = {
      matmul: await checkMatmul(gpu),
      copyGigabytesPerSecond: await copyBandwidth(gpu),
      half: adapter.shaderF16 ? await checkHalf(gpu) : null,
      longLoop: await checkLongLoop(gpu),
    };
    const failure = checks.matmul.right ? null : "its matrix products are wrong";
    return { adapter, checks, failure };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { adapter, checks: null, failure: error.message };
  }
}
