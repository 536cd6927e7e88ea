import { bytesOf } from "../gpu/plan.ts";
import type { Dispatch } from "../gpu/recorder.ts";
import type { Limits } from "../machine/limits.ts";

/** Work that was timed. */
export interface Work {
  /** A kernel, or a part of the model. */
  name: string;
  /** Calls in a step. */
  dispatches: number;
  /** GPU time in a step. */
  ms: number;
  /** Of the GPU time of all dispatches. */
  share: number;
  flops: number;
  bytes: number;
  gflops: number;
  gigabytesPerSecond: number;
  /**
   * The least time that this adapter's arithmetic and memory allow for, of the time it took: null
   * without measured limits. More than 1 where a cache is faster than memory.
   */
  limitShare: number | null;
  /** The limit that is nearer. */
  roof: "arithmetic" | "memory" | null;
  /** What the time is due to: one of the two limits if it is near, else the kernel itself. */
  blame: "arithmetic" | "memory" | "kernel" | null;
}

/** What one dispatch did in a step: its time is the mean over the steps. */
export interface TimedWork {
  dispatch: Dispatch;
  ms: number;
  /** Runs in a step; more than 1 for gradient accumulation. */
  times: number;
}

/** The least time that an adapter's arithmetic and its memory need for a dispatch, each by itself. */
export function leastTimes(
  dispatch: Dispatch,
  { gflops, gigabytesPerSecond }: Limits,
): { arithmeticMs: number; memoryMs: number } {
  return {
    arithmeticMs: (dispatch.flops ?? 0) / gflops / 1e6,
    memoryMs: bytesOf(dispatch) / gigabytesPerSecond / 1e6,
  };
}

/** Near a limit: a kernel at half of it has little left to gain. */
const NEAR = 0.5;

/** Adds up dispatches that have a name in common, and holds them against the adapter's limits. */
export function workOf(
  name: string,
  list: readonly TimedWork[],
  totalMs: number,
  limits: Limits | null,
): Work {
  let [dispatches, ms, flops, bytes, arithmeticMs, memoryMs, leastMs] = [0, 0, 0, 0, 0, 0, 0];
  for (const { dispatch, ms: took, times } of list) {
    dispatches += times;
    ms += took;
    flops += times * (dispatch.flops ?? 0);
    bytes += times * bytesOf(dispatch);
    if (limits === null) continue;
    const least = leastTimes(dispatch, limits);
    arithmeticMs += times * least.arithmeticMs;
    memoryMs += times * least.memoryMs;
    // Of each by itself: they run one after another.
    leastMs += times * Math.max(least.arithmeticMs, least.memoryMs);
  }
  const limitShare = limits === null || ms === 0 ? null : leastMs / ms;
  const roof = limitShare === null ? null : arithmeticMs >= memoryMs ? "arithmetic" : "memory";
  return {
    name,
    dispatches,
    ms,
    share: totalMs === 0 ? 0 : ms / totalMs,
    flops,
    bytes,
    gflops: rate(flops, ms),
    gigabytesPerSecond: rate(bytes, ms),
    limitShare,
    roof,
    blame: limitShare === null || limitShare >= NEAR ? roof : "kernel",
  };
}

/** Billions a second. */
function rate(count: number, ms: number): number {
  return ms === 0 ? 0 : count / ms / 1e6;
}

/** Groups of timed dispatches, the one that took longest first. */
export function groupWork(
  list: readonly TimedWork[],
  nameOf: (work: TimedWork, index: number) => string,
  limits: Limits | null,
): Work[] {
  const groups = Map.groupBy(
    list.map((work, i) => ({ work, name: nameOf(work, i) })),
    (each) => each.name,
  );
  const totalMs = list.reduce((sum, { ms }) => sum + ms, 0);
  return [...groups]
    .map(([name, each]) => workOf(name, each.map(({ work }) => work), totalMs, limits))
    .sort((a, b) => b.ms - a.ms);
}
