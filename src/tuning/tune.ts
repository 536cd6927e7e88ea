import type { Choices } from "../gpu/choice.ts";
import type { OpenDevice } from "../gpu/device.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Plan, PlannedChoice } from "../gpu/plan.ts";
import { Pipelines } from "../gpu/pipelines.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { processSurroundings, type Surroundings } from "../files/cache_folders.ts";
import { fillNoise } from "./fill_noise.ts";
import { kernelHash } from "./kernel_hash.ts";
import { type ChoicePlan, planOfChoice } from "./stand_ins.ts";
import { openStopwatch, type Stopwatch } from "./stopwatch.ts";
import { fastestOf, timeVariants } from "./time_variants.ts";
import {
  cachedVariantsPath,
  type KnownVariant,
  type KnownVariants,
  readVariants,
  writeVariants,
} from "./variants_file.ts";

/** When variants of kernels are measured: never, where nothing is known, or all of them anew. */
export type Autotune = "off" | "on" | "force";

/** How a plan is tuned, and who follows. */
export interface TuneOptions {
  autotune: Autotune;
  /** Variants that are to be taken whatever is faster by now, as a run goes on with those it had. */
  settled?: KnownVariants;
  /** Choices that are measured, of how many. */
  onProgress?(done: number, total: number): void;
  /** Asked before each choice: what is left then keeps its built-in variant. */
  signal?: { readonly aborted: boolean };
  /** What decides over the cache folder; that of this process if left out. */
  surroundings?: Surroundings;
  /** What times are taken with; the device's own if left out. */
  stopwatch?: Stopwatch;
}

/** What is known of all choices of a plan, and how that came about. */
export interface Tuning {
  readonly variants: KnownVariants;
  /** By key, for a recorder. */
  readonly choices: Choices;
  /** How many were measured now, and how long that took. */
  readonly measured: number;
  readonly elapsedMs: number;
  /** How many there was no time for. */
  readonly left: number;
  /** How many keep their built-in variant because another one does not run here. */
  readonly failed: number;
  /** The file that what was measured is kept in; null where nothing was, or it cannot be written. */
  readonly path: string | null;
}

/** Longest that a plan is tuned for; what takes most of its time is measured first. */
const LIMIT_MS = 60_000;

/** A choice that is to be made, beside all its variants. */
interface Question extends ChoicePlan {
  made: PlannedChoice;
  kernels: string;
}

/**
 * Finds the fastest variants for the choices of a plan, by measuring on the device what the cache
 * does not know.
 *
 * With "on" a software adapter keeps the built-in variants: they are few, and measuring takes it
 * seconds.
 *
 * What cannot be measured, as a variant does not compile or memory runs out, stays as built in.
 *
 * @param plan Recorded with any variants; it is not built.
 */
export async function tune(plan: Plan, open: OpenDevice, options: TuneOptions): Promise<Tuning> {
  const { autotune, settled = {}, surroundings = processSurroundings() } = options;
  const variants: Record<string, KnownVariant> = {};
  const path = cachedVariantsPath(open.facts, surroundings);
  const measures = autotune === "force" || (autotune === "on" && !open.facts.software);
  const cached = autotune === "on" && measures ? await readVariants(path, open.facts) : {};
  const unknown: Question[] = [];
  for (const [key, made] of plan.choices) {
    const { choice: { variants: [builtIn, ...others] } } = made;
    const isOne = (name?: string) => [builtIn, ...others].some((each) => each.name === name);
    const question = { ...planOfChoice(plan, made.choice), made };
    const kernels = kernelHash(question.plan);
    if (isOne(settled[key]?.variant)) variants[key] = settled[key];
    else if (cached[key]?.kernels === kernels && isOne(cached[key].variant)) {
      variants[key] = cached[key];
    } else {
      variants[key] = { variant: builtIn.name, kernels };
      if (measures) unknown.push({ ...question, kernels });
    }
  }
  const startMs = performance.now();
  const { found, failed } = unknown.length === 0
    ? { found: {}, failed: 0 }
    : await measureAll(unknown, open, options);
  Object.assign(variants, found);
  const measured = Object.keys(found).length;
  return {
    variants,
    choices: new Map(Object.entries(variants).map(([key, { variant }]) => [key, variant])),
    measured,
    elapsedMs: performance.now() - startMs,
    left: unknown.length - measured - failed,
    failed,
    path: measured > 0 && await keep(path, open, found) ? path : null,
  };
}

/** Measures one choice after another, those with the most work first, as long as there is time. */
async function measureAll(
  questions: Question[],
  open: OpenDevice,
  { onProgress, signal, stopwatch: given }: TuneOptions,
): Promise<{ found: Record<string, KnownVariant>; failed: number }> {
  const found: Record<string, KnownVariant> = {};
  let failed = 0;
  const byWork = questions.toSorted((a, b) => workOf(b.made) - workOf(a.made));
  const pipelines = new Pipelines(open.device);
  const stopwatch = given ?? await openStopwatch(open);
  const startMs = performance.now();
  try {
    for (const [done, question] of byWork.entries()) {
      if (signal?.aborted || performance.now() - startMs > LIMIT_MS) break;
      onProgress?.(done, byWork.length);
      const times = await measureIfItRuns(question, open, pipelines, stopwatch);
      if (times === null) {
        failed++;
        continue;
      }
      found[question.made.choice.key] = {
        variant: fastestOf(times),
        kernels: question.kernels,
        ms: Object.fromEntries([...times].map(([name, ms]) => [name, Number(ms.toPrecision(4))])),
      };
    }
  } finally {
    if (given === undefined) stopwatch[Symbol.dispose]();
  }
  onProgress?.(byWork.length, byWork.length);
  return { found, failed };
}

/** Operations of a GPU in the time that it takes to move a byte. */
const FLOPS_PER_BYTE = 20;

function workOf({ flops, bytes }: PlannedChoice): number {
  return Math.max(flops, FLOPS_PER_BYTE * bytes);
}

/** Null where the GPU refuses a variant: it may still take all others. */
async function measureIfItRuns(
  question: ChoicePlan,
  open: OpenDevice,
  pipelines: Pipelines,
  stopwatch: Stopwatch,
): Promise<Map<string, number> | null> {
  const { device } = open;
  device.pushErrorScope("validation"); // of a kernel that does not compile, which would end the run
  try {
    return await measure(question, open, pipelines, stopwatch);
  } catch (error) {
    if (error instanceof GpuError) return null;
    throw error;
  } finally {
    await device.popErrorScope();
  }
}

async function measure(
  { plan, unknown }: ChoicePlan,
  open: OpenDevice,
  pipelines: Pipelines,
  stopwatch: Stopwatch,
): Promise<Map<string, number>> {
  using runner = await PlanRunner.build(plan, open, pipelines);
  fillNoise(open.device, unknown);
  const phases = new Map([...plan.phases.keys()].map((name) => [name, runner.phase(name)]));
  const times = await timeVariants(phases, stopwatch);
  await runner.finish();
  return times;
}

/** Adds to what the cache has; a cache that cannot be written is no reason not to train. */
async function keep(path: string, { facts }: OpenDevice, found: KnownVariants): Promise<boolean> {
  try {
    await writeVariants(path, facts, { ...await readVariants(path, facts), ...found });
    return true;
  } catch {
    return false;
  }
}
