import { join } from "node:path";
import type { Origin } from "../support/results.ts";
import type { PartOutcome } from "./run_part.ts";

/** What is kept of a part. */
export interface PartRecord extends Omit<PartOutcome, "output"> {
  date: string;
  commit: string;
}

/** One line of JSON that a bench printed; which numbers there are depends on the bench. */
export interface BenchLine {
  name: string;
  [key: string]: unknown;
}

/** What a machine's runs of `bench:all` came to: a later run adds to it. */
export interface AllRecord {
  origin: Origin;
  parts: Record<string, PartRecord>;
  /** By part. */
  measurements: Record<string, BenchLine[]>;
}

const FILE = "all.json";

/** What earlier runs left in a results folder; nothing if there were none. */
export async function readRecord(
  folder: string,
): Promise<Pick<AllRecord, "parts" | "measurements">> {
  const text = await Deno.readTextFile(join(folder, FILE)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  return text === null ? { parts: {}, measurements: {} } : JSON.parse(text);
}

/** Writes it down after each part, so that whatever ends a run loses none. */
export async function writeRecord(folder: string, record: AllRecord): Promise<void> {
  await Deno.writeTextFile(join(folder, FILE), JSON.stringify(record, null, 2) + "\n");
}

/** Whether a part is done at this commit. */
export function isDone(part: PartRecord | undefined, commit: string): boolean {
  return part?.status === "done" && part.commit === commit;
}

/** Measurements of a part, with those of an earlier run that a later one did not come to. */
export function newest(before: readonly BenchLine[], now: readonly BenchLine[]): BenchLine[] {
  const names = new Set(now.map(({ name }) => name));
  return [...now, ...before.filter(({ name }) => !names.has(name))];
}
