import type { TrainConfig } from "../config/train_config.ts";
import type { Choices } from "../gpu/choice.ts";
import type { OpenDevice } from "../gpu/device.ts";
import type { Plan } from "../gpu/plan.ts";
import { tune, type TuneOptions, type Tuning } from "../tuning/tune.ts";
import { type KnownVariants, readVariants } from "../tuning/variants_file.ts";
import type { RunObserver } from "./observer.ts";
import type { RunFolder } from "./run_folder.ts";

/**
 * A step with the fastest variants that are known or can be found.
 *
 * @param builtIn As `record` gives it without choices.
 */
export async function tunedStep<Step extends { plan: Plan }>(
  builtIn: Step,
  record: (choices: Choices) => Step,
  open: OpenDevice,
  options: TuneOptions,
): Promise<{ recorded: Step; tuning: Tuning }> {
  const tuning = await tune(builtIn.plan, open, options);
  const isSame = [...builtIn.plan.choices].every(([key, { variant }]) =>
    tuning.choices.get(key) === variant
  );
  return { recorded: isSame ? builtIn : record(tuning.choices), tuning };
}

/**
 * The step of a run: a resumed one goes on with the variants that it had, whatever is known by now,
 * so that it comes to the same bits.
 */
export async function tunedRunStep<Step extends { plan: Plan }>(
  builtIn: Step,
  record: (choices: Choices) => Step,
  open: OpenDevice,
  { autotune, resume_interrupted }: TrainConfig,
  { variants }: RunFolder,
  observer: RunObserver,
  signal: { readonly aborted: boolean },
): Promise<{ recorded: Step; variants: KnownVariants }> {
  const { facts } = open;
  const settled = resume_interrupted ? await readVariants(variants, facts) : {};
  const { recorded, tuning } = await tunedStep(builtIn, record, open, {
    autotune,
    settled,
    signal,
    onProgress(done, total) {
      if (done === 0) observer.onMessage?.(beginning(total, facts.name));
      observer.onTuning?.(done, total);
    },
  });
  if (tuning.measured + tuning.failed > 0) observer.onMessage?.(describeTuning(tuning));
  return { recorded, variants: tuning.variants };
}

function beginning(total: number, adapter: string): string {
  return `measuring which variants of ${total} kernels are fastest on ${adapter}; ` +
    "autotune=off leaves it out";
}

/** How many kernels were measured, what came of it, and where it is kept. */
export function describeTuning(tuning: Tuning): string {
  const { variants, measured, left, failed, elapsedMs, path } = tuning;
  const faster = Object.values(variants).filter(({ variant, ms }) =>
    ms !== undefined && variant !== Object.keys(ms)[0]
  );
  return `measured the variants of ${measured} kernels in ${(elapsedMs / 1000).toFixed(1)} s: ` +
    `${faster.length} of them ${faster.length === 1 ? "has" : "have"} a faster one than built in` +
    (left > 0 ? `; there was no time for ${left} more` : "") +
    (failed > 0 ? `; ${failed} more could not be measured` : "") +
    (path === null ? "" : `; kept in "${path}"`);
}
