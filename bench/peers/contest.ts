import { join } from "node:path";
import { type Duration, SAMPLE_MS } from "../support/duration.ts";
import { writeArrays } from "./array_files.ts";
import { compareFolders, type Difference, type Numbers, TOLERANCES } from "./compare.ts";
import type { Contender } from "./contender.ts";
import type { Task, Work } from "./work.ts";

/** A peer that takes part, and what it computes in. */
export interface Entrant {
  contender: Contender;
  numbers: Numbers;
}

/** The time of one run in each round. */
export interface Timing {
  name: string;
  numbers: Numbers;
  repeats: number;
  samples: Duration[];
  /** Null for ourselves. */
  difference: Difference | null;
}

/** What became of a work. */
export interface Outcome {
  work: Work;
  timings: Timing[];
  /** Why some were not timed, by name. */
  absent: Record<string, string>;
}

/**
 * Has everybody do a work: first once, to compare the results with the first entrant's, then in
 * turns, round after round.
 */
export async function contest(
  work: Work,
  entrants: readonly Entrant[],
  { folder, rounds }: { folder: string; rounds: number },
): Promise<Outcome> {
  const absent: Outcome["absent"] = {};
  const timings: { entrant: Entrant; timing: Timing }[] = [];
  const inputFolder = join(folder, "inputs");
  const inputShapes = await writeArrays(inputFolder, work.inputs());
  for (const [index, entrant] of entrants.entries()) {
    const { name } = entrant.contender;
    try {
      const { kind, settings } = work;
      const outputFolder = join(folder, String(index));
      const task: Task = { kind, settings, inputFolder, inputShapes, outputFolder };
      timings.push({ entrant, timing: await enter(entrant, task, join(folder, "0"), index === 0) });
    } catch (error) {
      absent[name] = (error as Error).message;
      if (index === 0) break; // nothing to compare with
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { entrant: { contender }, timing } of timings) {
      if (absent[timing.name] !== undefined) continue;
      try {
        const { wallMs, cpuMs } = await contender.run(timing.repeats);
        const { repeats } = timing;
        timing.samples.push({ wallMs: wallMs / repeats, cpuMs: cpuMs / repeats });
      } catch (error) {
        absent[timing.name] = (error as Error).message;
      }
    }
  }
  for (const { entrant: { contender } } of timings) await contender.drop().catch(() => {});
  await Deno.remove(folder, { recursive: true });
  const complete = timings.map(({ timing }) => timing).filter(({ name }) => !(name in absent));
  return { work, timings: complete, absent };
}

/** Checks the results of an entrant, and finds how often it must run to be timed. */
async function enter(
  { contender, numbers }: Entrant,
  task: Task,
  ours: string,
  first: boolean,
): Promise<Timing> {
  await contender.prepare(task);
  const { outputFolder } = task;
  const difference = first ? null : await compareFolders(outputFolder, ours, TOLERANCES[numbers]);
  await contender.run(1); // compiles
  const { wallMs } = await contender.run(1);
  const repeats = Math.max(1, Math.ceil(SAMPLE_MS / wallMs));
  return { name: contender.name, numbers, repeats, samples: [], difference };
}
