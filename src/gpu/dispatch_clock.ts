import type { ReadyDispatch } from "./ready_dispatch.ts";

/** When the GPU had a dispatch, in milliseconds of the host's `performance.now()`. */
export interface GpuSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** Runs dispatches and takes the time of each of them. */
export interface DispatchClock extends Disposable {
  /**
   * How: the GPU writes down when each begins and ends; or each is submitted alone and waited for,
   * which is coarse, and leaves the GPU idle in between.
   */
  readonly method: "timestamps" | "waiting";
  /** Of waiting: what it takes by itself, which is taken off each time. */
  readonly waitingMs: number;
  /** How long submitting has taken so far, and waiting where that is the method. */
  readonly submittingMs: number;
  /** Submits dispatches in their order, each in a pass of its own. */
  run(list: readonly ReadyDispatch[]): Promise<void>;
  /** Waits for the GPU, and gives the time of every dispatch so far, in the order they ran. */
  read(): Promise<GpuSpan[]>;
}
