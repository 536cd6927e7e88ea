import type { Entry, Finding, Findings } from "./findings.ts";

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

/** The rates that we want to reach on an adapter at a work, in words. */
export function wantedRates(adapter: string, work: string): string[] {
  return TARGETS.filter((target) => target.adapter.test(adapter) && target.work.test(work))
    .filter(({ measure }) => typeof measure === "string")
    .map(({ measure, atLeast }) => `${atLeast} ${measure}`);
}

/** A target beside what was reached. */
export interface Verdict {
  work: string;
  wanted: string;
  /** By the clock; null where it was not measured. */
  reached: number | null;
  /**
   * By the time of the processor, whom other programs do not slow down: ratios of it, and what all
   * cores would reach together; null where it is not the processor that computes.
   */
  reachedOfCpu: number | null;
  verdict: "met" | "missed" | "missed by the clock, met by processor time";
}

/** Holds what was found against the targets of that adapter. */
export function verdicts({ adapter, software, machine, findings }: Findings): Verdict[] {
  return TARGETS.filter((target) => target.adapter.test(adapter)).flatMap((target) =>
    findings.filter(({ work }) => target.work.test(work)).map((finding) =>
      verdictOf(target, finding, software ? machine.cores : null)
    )
  );
}

function verdictOf(
  { measure, atLeast }: Target,
  finding: Finding,
  cores: number | null,
): Verdict {
  const unit = typeof measure === "string" ? ` ${measure}` : ` x ${measure.against}`;
  const [reached, ofCpu] = typeof measure === "string"
    ? ratesOf(finding.entries[0], measure, cores ?? 0)
    : ratiosOf(finding.entries.find(({ name }) => name === measure.against));
  const reachedOfCpu = cores === null ? null : ofCpu;
  const met = (value: number | null) => value !== null && value >= atLeast;
  return {
    work: finding.work,
    wanted: `${atLeast}${unit}`,
    reached,
    reachedOfCpu,
    verdict: met(reached)
      ? "met"
      : met(reachedOfCpu)
      ? "missed by the clock, met by processor time"
      : "missed",
  };
}

type ByClockAndCpu = [clock: number | null, cpu: number | null];

function ratesOf(
  ours: Entry | undefined,
  unit: "GFLOP/s" | "images/s",
  cores: number,
): ByClockAndCpu {
  const rate = unit === "GFLOP/s" ? ours?.gflops : ours?.imagesPerSecond;
  if (!ours || !rate) return [null, null];
  return [rate, rate * ours.medianMs / ours.cpuMs * cores];
}

function ratiosOf(peer: Entry | undefined): ByClockAndCpu {
  return [peer?.ratio ?? null, peer?.cpuRatio ?? null];
}
