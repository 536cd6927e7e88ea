import type { Dispatch } from "../gpu/recorder.ts";
import { bytesOf } from "../gpu/plan.ts";
import { modelParts } from "./model_part.ts";
import type { ProfileRecord } from "./step_profile.ts";

/** One event of Chrome's trace format; times are in microseconds. */
export interface TraceEvent {
  name: string;
  /** "X" is a stretch of time, "M" names a track. */
  ph: "X" | "M";
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  cat?: string;
  args?: Record<string, unknown>;
}

const [GPU, HOST] = [1, 2];

/**
 * The profiled steps in the trace event format, which `ui.perfetto.dev` and `chrome://tracing`
 * show: a track for each phase on the GPU, one for what the host does.
 */
export function chromeTrace(record: ProfileRecord): { traceEvents: TraceEvent[] } {
  const { plan, timed, dispatches, clock } = record;
  const microseconds = (ms: number) => Math.round((ms - timed.startMs) * 1e6) / 1e3;
  const span = (startMs: number, endMs: number) => ({
    ts: microseconds(startMs),
    dur: Math.max(0, Math.round((endMs - startMs) * 1e6) / 1e3),
  });
  const tracks = [...plan.phases.keys()].filter((phase) =>
    dispatches.some((each) => each.phase === phase)
  );
  const parts = new Map(tracks.map((phase) => [phase, modelParts(phase, plan.phases.get(phase)!)]));
  const events: TraceEvent[] = [
    ...named(GPU, `GPU: ${plan.adapter.name}, by ${clock.method}`, tracks),
    ...named(HOST, "host", ["training thread"]),
  ];
  for (const { phase, index, startMs, endMs } of dispatches) {
    const dispatch = plan.phases.get(phase)![index];
    events.push({
      name: dispatch.label,
      cat: "gpu",
      ph: "X",
      pid: GPU,
      tid: tracks.indexOf(phase) + 1,
      ...span(startMs, endMs),
      args: { part: parts.get(phase)![index], ...ratesOf(dispatch, endMs - startMs) },
    });
  }
  for (const { work, startMs, endMs } of timed.host) {
    events.push({ name: work, cat: "host", ph: "X", pid: HOST, tid: 1, ...span(startMs, endMs) });
  }
  return { traceEvents: events };
}

function ratesOf(dispatch: Dispatch, ms: number): Record<string, number> {
  const [flops, bytes] = [dispatch.flops ?? 0, bytesOf(dispatch)];
  const rate = (count: number) => ms > 0 ? Number((count / ms / 1e6).toFixed(3)) : 0;
  return { flops, bytes, gflops: rate(flops), gigabytesPerSecond: rate(bytes) };
}

/** Events that name a process and its tracks, in this order. */
function named(pid: number, process: string, tracks: readonly string[]): TraceEvent[] {
  return [
    { name: "process_name", ph: "M", pid, tid: 0, args: { name: process } },
    ...tracks.flatMap((name, i): TraceEvent[] => [
      { name: "thread_name", ph: "M", pid, tid: i + 1, args: { name } },
      { name: "thread_sort_index", ph: "M", pid, tid: i + 1, args: { sort_index: i } },
    ]),
  ];
}
