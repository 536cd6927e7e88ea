/** What the host does for a step, and what it waits for. */
export type HostWork =
  /** Waiting for the next batch. */
  | "data wait"
  /** Masks, drop path and schedules. */
  | "inputs"
  /** Copying views and inputs to the GPU. */
  | "writes"
  /** Writing down what the GPU is to do. */
  | "encode"
  /** Handing it over: some drivers wait in it until the GPU has done what came before. */
  | "submit"
  /** Waiting for the numbers of steps that the GPU has not done. */
  | "read back"
  /** Between two steps: rows, observers, checkpoints, evaluations. */
  | "between steps";

/** What of it is work of the host rather than waiting. */
export const HOST_BUSY: readonly HostWork[] = [
  "inputs",
  "writes",
  "encode",
  "submit",
  "between steps",
];

/** A stretch of the host's time, in milliseconds of `performance.now()`. */
export interface HostSpan {
  work: HostWork;
  startMs: number;
  endMs: number;
}

/** Milliseconds of each kind of work a step, and how long it waited for the GPU while submitting. */
export type HostTimes = Record<HostWork | "submit wait", number>;

/**
 * Adds up a host's time. Of submissions the shortest counts for all of them: what others took more
 * was spent waiting for the GPU.
 */
export function hostTimes(spans: readonly HostSpan[], steps: number): HostTimes {
  const times: HostTimes = {
    "data wait": 0,
    inputs: 0,
    writes: 0,
    encode: 0,
    submit: 0,
    "submit wait": 0,
    "read back": 0,
    "between steps": 0,
  };
  for (const { work, startMs, endMs } of spans) times[work] += (endMs - startMs) / steps;
  const submissions = spans.filter(({ work }) => work === "submit")
    .map(({ startMs, endMs }) => endMs - startMs);
  if (submissions.length > 0) {
    const own = Math.min(...submissions) * submissions.length / steps;
    times["submit wait"] = times.submit - own;
    times.submit = own;
  }
  return times;
}
