import type { Entry, Findings } from "../../../bench/peers/findings.ts";

/** What a peer may have reached. */
export function entry(name: string, ratio: number, rest: Partial<Entry> = {}): Entry {
  return {
    name,
    numbers: "fp32",
    medianMs: 50 * ratio,
    p90Ms: 55 * ratio,
    cpuMs: 90 * ratio,
    gflops: 42.9 / ratio,
    imagesPerSecond: null,
    ratio,
    cpuRatio: ratio + 0.5,
    difference: ratio === 1 ? null : 2.3e-6,
    repeats: 4,
    samplesMs: [],
    ...rest,
  };
}

/** A run on a software adapter. */
export const FOUND: Findings = {
  date: "2026-01-02T03:04:05.678Z",
  commit: "abcdef1",
  adapter: "llvmpipe (LLVM 15)",
  software: true,
  machine: { os: "Debian", processor: "EPYC", cores: 2, loadBefore: 0.123, loadAfter: 2.5 },
  peers: { denodino: { device: "llvmpipe (LLVM 15)", versions: { denodino: "0.1.0", deno: "2" } } },
  missing: { "PyTorch, CUDA fp32": "finds no CUDA device" },
  findings: [{
    work: "matmul 1024 x 1024 x 1024",
    flops: 2 * 1024 ** 3,
    images: null,
    entries: [entry("denodino", 1), entry("jax-js, WebGPU", 4.9)],
    absent: { "TensorFlow.js, WebGPU": "only its matrix product runs in Deno" },
  }],
};
