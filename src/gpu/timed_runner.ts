import type { DispatchClock, GpuSpan } from "./dispatch_clock.ts";
import type { PlanRunner } from "./runner.ts";
import type { Tensor } from "./tensor.ts";

/** What a step needs of a plan on a device. */
export interface StepRunner {
  write(tensor: Tensor, data: Float32Array | Uint32Array, offset?: number): void;
  /** How long submitting has taken so far. */
  readonly submittingMs: number;
  /** Submits phases; only one that takes the time of each dispatch has to be waited for. */
  run(...names: string[]): void | Promise<void>;
}

/** When one dispatch of a plan ran. */
export interface TimedDispatch extends GpuSpan {
  phase: string;
  /** Its place in the phase. */
  index: number;
}

/** Runs the phases of a plan, the same dispatches in the same order, and times each of them. */
export class TimedRunner implements StepRunner {
  readonly #ran: { phase: string; index: number }[] = [];

  constructor(readonly runner: PlanRunner, readonly clock: DispatchClock) {}

  get submittingMs(): number {
    return this.clock.submittingMs;
  }

  write(tensor: Tensor, data: Float32Array | Uint32Array, offset?: number): void {
    this.runner.write(tensor, data, offset);
  }

  async run(...names: string[]): Promise<void> {
    for (const phase of names) {
      const list = this.runner.phase(phase);
      for (let index = 0; index < list.length; index++) this.#ran.push({ phase, index });
    }
    await this.clock.run(names.flatMap((name) => this.runner.phase(name)));
  }

  /** Waits for the GPU; the times of all that ran since the last call, in that order. */
  async read(): Promise<TimedDispatch[]> {
    const spans = await this.clock.read();
    return this.#ran.splice(0).map((ran, i) => ({ ...ran, ...spans[i] }));
  }
}
