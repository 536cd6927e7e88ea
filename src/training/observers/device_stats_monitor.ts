import type { MetricsRow } from "../metrics_file.ts";
import type { RunObserver, RunStart } from "../observer.ts";
import { isLoggedStep } from "./logged_steps.ts";

/** What the monitor adds. */
export const DEVICE_METRICS = [
  "device/process_rss_bytes",
  "device/heap_bytes",
  "device/external_bytes",
  "device/system_available_bytes",
  "device/gpu_plan_bytes",
] as const;

/**
 * Adds memory to the rows that are logged, in bytes: of the process, its JavaScript heap and
 * buffers outside of it, what the system has left, and what the plan takes on the GPU.
 *
 * Temperature, load and clock of a GPU are not among them: WebGPU does not tell them.
 */
export class DeviceStatsMonitor implements RunObserver {
  #planBytes = 0;

  constructor(readonly everySteps: number) {}

  onStart({ memoryBytes }: RunStart): void {
    this.#planBytes = memoryBytes;
  }

  extend({ step }: Readonly<MetricsRow>): Partial<Record<typeof DEVICE_METRICS[number], number>> {
    if (!isLoggedStep(step, this.everySteps)) return {};
    const { rss, heapUsed, external } = Deno.memoryUsage();
    return {
      "device/process_rss_bytes": rss,
      "device/heap_bytes": heapUsed,
      "device/external_bytes": external,
      "device/system_available_bytes": Deno.systemMemoryInfo().available,
      "device/gpu_plan_bytes": this.#planBytes,
    };
  }
}
