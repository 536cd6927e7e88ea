import type { DispatchClock } from "../gpu/dispatch_clock.ts";
import type { Elem } from "../gpu/kernel.ts";
import { costOf, type Plan } from "../gpu/plan.ts";
import type { TimedDispatch } from "../gpu/timed_runner.ts";
import type { Limits } from "../machine/limits.ts";
import { VERSION } from "../version.ts";
import { HOST_BUSY, type HostSpan, type HostTimes, hostTimes } from "./host_work.ts";
import { modelParts } from "./model_part.ts";
import { groupWork, type TimedWork, type Work } from "./roofline.ts";

/** Steps one after another, from when the GPU had nothing to do to when it had done them. */
export interface StepWindow {
  startMs: number;
  endMs: number;
  steps: number;
  host: HostSpan[];
}

/** One dispatch of the plan, as it ran in a step. */
export interface DispatchWork extends Work {
  phase: string;
  /** Its place in the phase. */
  index: number;
  kernel: string;
  part: string;
}

/** What a profile is of, in words that are told with it. */
export interface ProfileSubject {
  model: string;
  /** Images of an optimizer step. */
  batchSize: number;
  /** Whether batches were read and made, or noise that was there. */
  data: "images" | "noise";
}

/** Where the time of a training step goes; times are of one step, in milliseconds. */
export interface StepProfile extends ProfileSubject {
  version: string;
  deno: string;
  date: string;
  /** How activations are stored: f16 with `precision=16-mixed`. */
  elem: Elem;
  adapter: { name: string; driver: string; software: boolean };
  /** Threads that wanted to run, over the last minute: other programs cost a software adapter time. */
  load: { average: number; cores: number };
  /** How dispatches were timed, and what of waiting was taken off each. */
  method: DispatchClock["method"];
  waitingMs: number;
  /** Steps that were profiled. */
  steps: number;
  /** What the adapter can do at most; null where that could not be measured. */
  limits: Limits | null;
  /** A step without and with the clock at work. */
  plainStepMs: number;
  stepMs: number;
  imagesPerSecond: number;
  /** All dispatches of a step, and the time between them. */
  gpuMs: number;
  gapMs: number;
  /** Of a step without the clock: what the host does, and its shares of the step. */
  host: HostTimes;
  hostShare: number;
  /** Null where the data were noise. */
  dataWaitShare: number | null;
  memory: {
    plannedBytes: number;
    /** What is kept, and as much for activations as are alive at once: no plan needs less. */
    lowerBoundBytes: number;
    overhead: number;
  };
  flops: number;
  kernels: Work[];
  /** Parts of the model, all blocks of a network as one: `student.backbone.blocks.*.attn.qkv`. */
  layers: Work[];
  /** Parts of the model, block by block. */
  parts: Work[];
  /** In the order they run. */
  dispatches: DispatchWork[];
}

/** All that was taken down. */
export interface ProfileRecord {
  plan: Plan;
  subject: ProfileSubject;
  limits: Limits | null;
  clock: Pick<DispatchClock, "method" | "waitingMs">;
  /** Steps as they are without the clock. */
  plain: StepWindow;
  timed: StepWindow;
  dispatches: readonly TimedDispatch[];
}

/** Adds up what was taken down. */
export function stepProfile(record: ProfileRecord): StepProfile {
  const { plan, subject, limits, clock, plain, timed } = record;
  const { name, driver, software } = plan.adapter;
  const work = timedWork(record);
  const gpuMs = work.reduce((sum, { ms }) => sum + ms, 0);
  const [plainStepMs, stepMs] = [plain, timed].map(({ startMs, endMs, steps }) =>
    (endMs - startMs) / steps
  );
  const host = hostTimes(plain.host, plain.steps);
  const dispatches = work.map((each): DispatchWork => {
    const { phase, index, part, kernel } = each;
    const [found] = groupWork([each], ({ dispatch }) => dispatch.label, limits);
    return { ...found, share: each.ms / gpuMs, phase, index, kernel, part };
  });
  return {
    ...subject,
    version: VERSION,
    deno: Deno.version.deno,
    date: new Date().toISOString(),
    elem: plan.elem,
    adapter: { name, driver, software },
    load: { average: Deno.loadavg()[0], cores: navigator.hardwareConcurrency },
    method: clock.method,
    waitingMs: clock.waitingMs,
    steps: timed.steps,
    limits,
    plainStepMs,
    stepMs,
    imagesPerSecond: subject.batchSize * 1000 / plainStepMs,
    gpuMs,
    gapMs: Math.max(0, stepMs - gpuMs),
    host,
    hostShare: HOST_BUSY.reduce((sum, kind) => sum + host[kind], 0) / plainStepMs,
    dataWaitShare: subject.data === "noise" ? null : host["data wait"] / plainStepMs,
    memory: memoryOf(plan),
    flops: dispatches.reduce((sum, { flops }) => sum + flops, 0),
    kernels: groupWork(work, (_, i) => work[i].kernel, limits),
    layers: groupWork(work, (_, i) => work[i].part.replace(/blocks\.\d+/, "blocks.*"), limits),
    parts: groupWork(work, (_, i) => work[i].part, limits),
    dispatches,
  };
}

/** A dispatch with its mean time, and the groups it belongs to. */
interface LabelledWork extends TimedWork {
  phase: string;
  index: number;
  kernel: string;
  part: string;
}

/** Every dispatch of the phases that ran, with its time in a step. */
function timedWork({ plan, timed: { steps }, dispatches }: ProfileRecord): LabelledWork[] {
  const phases = Map.groupBy(dispatches, ({ phase }) => phase);
  return [...plan.phases].flatMap(([phase, list]) => {
    const ran = phases.get(phase);
    if (ran === undefined) return [];
    const parts = modelParts(phase, list);
    const sums = list.map(() => ({ ms: 0, times: 0 }));
    for (const { index, startMs, endMs } of ran) {
      sums[index].ms += (endMs - startMs) / steps;
      sums[index].times += 1 / steps;
    }
    return list.map((dispatch, index) => {
      const [kernel] = dispatch.label.split(" ");
      return { dispatch, ...sums[index], phase, index, kernel, part: parts[index] };
    });
  });
}

function memoryOf(plan: Plan): StepProfile["memory"] {
  const { totalBytes: plannedBytes } = costOf(plan);
  const kept = plan.kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const lowerBoundBytes = kept + plan.peakActivationBytes;
  return { plannedBytes, lowerBoundBytes, overhead: plannedBytes / lowerBoundBytes - 1 };
}
