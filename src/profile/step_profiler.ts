import type { OpenDevice } from "../gpu/device.ts";
import type { DispatchClock } from "../gpu/dispatch_clock.ts";
import { GpuError } from "../gpu/errors.ts";
import { Gpu } from "../gpu/gpu.ts";
import { openDispatchClock } from "../gpu/open_dispatch_clock.ts";
import type { Plan } from "../gpu/plan.ts";
import type { PlanRunner } from "../gpu/runner.ts";
import { type StepRunner, TimedRunner } from "../gpu/timed_runner.ts";
import { type Limits, measureLimits } from "../machine/limits.ts";
import type { HostSpan } from "./host_work.ts";
import type { ProfileRecord, ProfileSubject, StepWindow } from "./step_profile.ts";

/** Steps before anything is measured: the first ones compile, allocate and fill caches. */
export const WARM_UP_STEPS = 2;

/** Steps that a profile of `steps` takes: the warm-up, as many without the clock, and those. */
export function stepsOfProfile(steps: number): number {
  return WARM_UP_STEPS + 2 * steps;
}

/** What is profiled. */
export interface ProfiledPlan {
  subject: ProfileSubject;
  plan: Plan;
  open: OpenDevice;
  runner: PlanRunner;
}

/**
 * Watches the steps of a run: after a warm-up some as they are, to see what the host does, and as
 * many with every dispatch timed. The steps compute the same bits.
 */
export class StepProfiler implements Disposable {
  /** What the current step is to be run by. */
  runner: StepRunner;
  readonly #profiled: ProfiledPlan;
  readonly #steps: number;
  #clock: DispatchClock | undefined;
  #begun = 0;
  #plain: StepWindow | undefined;
  #timed: StepWindow | undefined;
  #window: StepWindow | undefined; // the one that is open
  #stepEndMs = 0;

  /** @param steps With every dispatch timed. */
  constructor(profiled: ProfiledPlan, steps: number) {
    this.#profiled = profiled;
    this.#steps = steps;
    this.runner = profiled.runner;
  }

  /** Told of what the host did. */
  readonly host = (span: HostSpan): void => void this.#window?.host.push(span);

  /** Called before each step; waits for the GPU where something begins to be measured. */
  async beginStep(): Promise<void> {
    const { open, runner } = this.#profiled;
    const step = this.#begun++;
    if (step === WARM_UP_STEPS) this.#window = this.#plain = await this.#openWindow();
    else if (step === WARM_UP_STEPS + this.#steps) {
      await this.#closeWindow();
      this.#clock = await openDispatchClock(open);
      this.runner = new TimedRunner(runner, this.#clock);
      this.#window = this.#timed = await this.#openWindow();
    } else if (this.#window !== undefined) {
      const span = { startMs: this.#stepEndMs, endMs: performance.now() };
      this.host({ work: "between steps", ...span });
    }
  }

  /** Whether the current step is the last one that is profiled. */
  get isLastStep(): boolean {
    return this.#begun === stepsOfProfile(this.#steps);
  }

  /**
   * Called after each step.
   *
   * @returns What was taken down, once: after the last step that is profiled.
   */
  async endStep(): Promise<ProfileRecord | undefined> {
    this.#stepEndMs = performance.now();
    const timed = this.runner;
    if (!this.isLastStep || !(timed instanceof TimedRunner)) return;
    await this.#closeWindow();
    const dispatches = await timed.read();
    this.runner = this.#profiled.runner;
    const { plan, subject } = this.#profiled;
    return {
      plan,
      subject,
      limits: await this.#limits(),
      clock: timed.clock,
      plain: this.#plain!,
      timed: this.#timed!,
      dispatches,
    };
  }

  [Symbol.dispose](): void {
    this.#clock?.[Symbol.dispose]();
  }

  async #openWindow(): Promise<StepWindow> {
    await this.#profiled.runner.finish();
    return { startMs: performance.now(), endMs: 0, steps: this.#steps, host: [] };
  }

  async #closeWindow(): Promise<void> {
    await this.#profiled.runner.finish();
    this.#window!.endMs = performance.now();
    this.#window = undefined;
  }

  /** The adapter's limits; a device whose memory the plan fills cannot be measured beside it. */
  async #limits(): Promise<Limits | null> {
    try {
      using gpu = Gpu.on(this.#profiled.open);
      return await measureLimits(gpu);
    } catch (error) {
      if (error instanceof GpuError) return null;
      throw error;
    }
  }
}
