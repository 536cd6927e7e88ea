import type { Entry, Finding, Findings } from "./findings.ts";
import { threeDigits } from "./statistics.ts";

/** What we want to reach on an adapter. */
interface Target {
  adapter: RegExp;
  work: RegExp;
  /** Our rate, or how many times as fast as a peer we are; `against` is the peer's name. */
  measure: "GFLOP/s" | "images/s" | { against: string };
  atLeast: number;
}

const LAVAPIPE = /llvmpipe/;
const H100 = /H100/;
const JAX = "jax-js, WebGPU";
const CUDA_FP32 = "PyTorch, CUDA fp32";

const TARGETS: Target[] = [
  { adapter: LAVAPIPE, work: /^matmul/, measure: "GFLOP/s", atLeast: 30 },
  { adapter: LAVAPIPE, work: /^matmul/, measure: { against: JAX }, atLeast: 5 },
  { adapter: LAVAPIPE, work: /^attention/, measure: { against: JAX }, atLeast: 5 },
  { adapter: LAVAPIPE, work: /^ViT block/, measure: { against: JAX }, atLeast: 6 },
  { adapter: LAVAPIPE, work: /^DINOv2 step, 192/, measure: "images/s", atLeast: 6 },
  {
    adapter: LAVAPIPE,
    work: /^DINOv2 step, 192/,
    measure: { against: "PyTorch, CPU" },
    atLeast: 0.2,
  },
  // Of a peak of 67 TFLOP/s without tensor cores: 60 % and 40 %.
  { adapter: H100, work: /^matmul 4096 x 4096/, measure: "GFLOP/s", atLeast: 40_200 },
  { adapter: H100, work: /^matmul 4096 x 4096/, measure: { against: CUDA_FP32 }, atLeast: 0.85 },
  { adapter: H100, work: /^attention/, measure: "GFLOP/s", atLeast: 26_800 },
  { adapter: H100, work: /ViT-S\/14/, measure: "images/s", atLeast: 200 },
  { adapter: H100, work: /ViT-S\/14/, measure: { against: CUDA_FP32 }, atLeast: 0.9 },
];

/** A target beside what was reached. */
export interface Verdict {
  work: string;
  wanted: string;
  /** Null where it was not measured. */
  reached: number | null;
  /** The same of processor time, for ratios on a software adapter; null elsewhere. */
  reachedOfCpu: number | null;
  met: boolean;
}

/** Holds what was found against the targets of that adapter. */
export function verdicts({ adapter, software, findings }: Findings): Verdict[] {
  return TARGETS.filter((target) => target.adapter.test(adapter)).flatMap((target) =>
    findings.filter(({ work }) => target.work.test(work)).map((finding) =>
      verdictOf(target, finding, software)
    )
  );
}

function verdictOf({ measure, atLeast }: Target, finding: Finding, software: boolean): Verdict {
  const { work, entries: [ours] } = finding;
  const unit = typeof measure === "string" ? ` ${measure}` : ` x ${measure.against}`;
  const wanted = `${threeDigits(atLeast).replace(/\.?0+$/, "")}${unit}`;
  const reached = typeof measure === "string"
    ? rateOf(ours, measure)
    : entryNamed(finding, measure.against)?.ratio ?? null;
  const reachedOfCpu = typeof measure === "string" || !software
    ? null
    : entryNamed(finding, measure.against)?.cpuRatio ?? null;
  return { work, wanted, reached, reachedOfCpu, met: reached !== null && reached >= atLeast };
}

function rateOf(ours: Entry | undefined, unit: "GFLOP/s" | "images/s"): number | null {
  return (unit === "GFLOP/s" ? ours?.gflops : ours?.imagesPerSecond) ?? null;
}

function entryNamed({ entries }: Finding, name: string): Entry | undefined {
  return entries.find((entry) => entry.name === name);
}
