import { writeProfile } from "../profile/profile_files.ts";
import { profileSummary } from "../profile/profile_text.ts";
import type { ProfileRecord } from "../profile/step_profile.ts";
import { type ProfiledPlan, StepProfiler, stepsOfProfile } from "../profile/step_profiler.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Trainer } from "./trainer.ts";

/** Profiles the first steps of a session, and leaves what comes of it in the run's folder. */
export class RunProfile implements Disposable {
  readonly #profiler: StepProfiler;

  private constructor(
    profiled: ProfiledPlan,
    steps: number,
    readonly trainer: Trainer,
    readonly folder: RunFolder,
    readonly observer: RunObserver,
  ) {
    this.#profiler = trainer.probe = new StepProfiler(profiled, steps);
  }

  /**
   * What `profile` asks for; null if that is nothing.
   *
   * @param stepsLeft Steps of the session: of one too short fewer are profiled, and it is said.
   */
  static of(
    { plan, open, runner }: Omit<ProfiledPlan, "subject">,
    trainer: Trainer,
    { folder, observer, stepsLeft }: {
      folder: RunFolder;
      observer: RunObserver;
      stepsLeft: number;
    },
  ): RunProfile | null {
    const { config } = trainer;
    if (config.profile === null) return null;
    const most = Math.floor((stepsLeft - stepsOfProfile(0)) / 2);
    const steps = Math.min(config.profile, Math.max(0, most));
    if (steps < config.profile) {
      observer.onMessage?.(
        `warning: profile lowered from ${config.profile} to ${steps}: it takes ` +
          `${stepsOfProfile(config.profile)} steps, and ${stepsLeft} are left`,
      );
    }
    if (steps === 0) return null;
    const { batchSize, accumulationSteps } = trainer.step.shape;
    const subject = {
      model: config.model,
      batchSize: batchSize * accumulationSteps,
      data: "images" as const,
    };
    return new RunProfile({ subject, plan, open, runner }, steps, trainer, folder, observer);
  }

  async beginStep(): Promise<void> {
    await this.#profiler.beginStep();
  }

  /** @returns Rows of steps whose numbers have come back: before the profile is made, all. */
  async endStep(): Promise<MetricsRow[]> {
    const rows = this.#profiler.isLastStep ? await this.trainer.read() : [];
    const record = await this.#profiler.endStep();
    if (record === undefined) return rows;
    await this.#report(record);
    this.trainer.restartClock(); // no step's time
    return rows;
  }

  async #report(record: ProfileRecord): Promise<void> {
    this.trainer.probe = null;
    const profile = await writeProfile(this.folder.profile, record);
    for (const line of profileSummary(profile)) this.observer.onMessage?.(`profile: ${line}`);
    this.observer.onMessage?.(
      `profile: in ${this.folder.profile}: profile.md, profile.json, profile.png, and trace.json ` +
        "for ui.perfetto.dev",
    );
  }

  [Symbol.dispose](): void {
    this.#profiler[Symbol.dispose]();
  }
}
