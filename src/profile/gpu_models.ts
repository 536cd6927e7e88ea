import type { AdapterFacts } from "../gpu/device.ts";

/** What a maker publishes of a GPU, as far as an estimate needs it. */
export interface GpuModel {
  name: string;
  multiprocessors: number;
  /** Multiply-adds of f32 that a multiprocessor begins in a clock cycle. */
  multiplyAddsPerClock: number;
  gigahertz: number;
  gigabytesPerSecond: number;
  memoryGiB: number;
  /** Of one multiprocessor. */
  registers: number;
  workgroupKiB: number;
  lanes: number;
  workgroups: number;
}

/**
 * GPUs that need not be there. Source: NVIDIA's white papers on Hopper (2022), Ampere (2020) and
 * Ada (2022), data sheet of the H200 (2024), and the CUDA programming guide's table of compute
 * capabilities; clocks are the highest ones.
 */
export const GPU_MODELS = {
  h100: {
    name: "NVIDIA H100 SXM",
    multiprocessors: 132,
    multiplyAddsPerClock: 128,
    gigahertz: 1.98,
    gigabytesPerSecond: 3350,
    memoryGiB: 80,
    registers: 65_536,
    workgroupKiB: 228,
    lanes: 2048,
    workgroups: 32,
  },
  h200: {
    name: "NVIDIA H200 SXM",
    multiprocessors: 132,
    multiplyAddsPerClock: 128,
    gigahertz: 1.98,
    gigabytesPerSecond: 4800,
    memoryGiB: 141,
    registers: 65_536,
    workgroupKiB: 228,
    lanes: 2048,
    workgroups: 32,
  },
  a100: {
    name: "NVIDIA A100 SXM, 80 GB",
    multiprocessors: 108,
    multiplyAddsPerClock: 64,
    gigahertz: 1.41,
    gigabytesPerSecond: 2039,
    memoryGiB: 80,
    registers: 65_536,
    workgroupKiB: 164,
    lanes: 2048,
    workgroups: 32,
  },
  rtx4090: {
    name: "NVIDIA RTX 4090",
    multiprocessors: 128,
    multiplyAddsPerClock: 128,
    gigahertz: 2.52,
    gigabytesPerSecond: 1008,
    memoryGiB: 24,
    registers: 65_536,
    workgroupKiB: 100,
    lanes: 1536,
    workgroups: 24,
  },
} as const satisfies Record<string, GpuModel>;

export type GpuModelName = keyof typeof GPU_MODELS;

/** Billions of operations a second, a multiply-add counting as two. */
export function peakGflops(model: GpuModel): number {
  return 2 * model.multiprocessors * model.multiplyAddsPerClock * model.gigahertz;
}

/** Such a GPU as ops see it, by Vulkan's limits on NVIDIA cards. */
export function factsOfModel({ name }: GpuModel): AdapterFacts {
  return {
    name: `${name} (on paper)`,
    driver: "",
    software: false,
    kernels: "gpu",
    subgroupSize: 32,
    shaderF16: true,
    shaderInt64: true,
    timestamps: true,
    maxBindingBytes: 2 ** 31 - 4,
    maxBufferBytes: 2 ** 40,
    maxStorageBuffers: 8,
    maxWorkgroupBytes: 48 * 2 ** 10,
    maxWorkgroupLanes: 1024,
  };
}
