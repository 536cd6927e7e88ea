import type { Origin } from "../support/results.ts";
import type { Outcome, Timing } from "./contest.ts";
import { median, pairedRatio, quantile } from "../support/statistics.ts";

/** What was found of one peer at one work. */
export interface Entry {
  name: string;
  numbers: string;
  medianMs: number;
  p90Ms: number;
  /** Time of all cores of the processor, which other programs do not lengthen. */
  cpuMs: number;
  gflops: number | null;
  imagesPerSecond: number | null;
  /** How many times as long as ours, round by round; 1 for ourselves. */
  ratio: number;
  cpuRatio: number;
  /** Largest difference from our results, over the largest number there; null for ourselves. */
  difference: number | null;
  repeats: number;
  samplesMs: number[];
}

/** What was found at one work. */
export interface Finding {
  work: string;
  flops: number | null;
  images: number | null;
  /** Ours comes first. */
  entries: Entry[];
  /** Why some are not there, by name. */
  absent: Record<string, string>;
}

/** What a run of the bench found, as its JSON file has it. */
export interface Findings extends Omit<Origin, "versions"> {
  peers: Record<string, { device: string; versions: Record<string, string> }>;
  /** Peers that could not be started, and why. */
  missing: Record<string, string>;
  findings: Finding[];
}

/** Medians, rates and ratios of what was timed. */
export function findingOf({ work, timings, absent }: Outcome): Finding {
  const { flops, images } = work;
  const [ours] = timings;
  const entries = timings.map((timing) => entryOf(timing, ours, flops, images));
  return { work: work.name, flops, images, entries, absent };
}

function entryOf(
  timing: Timing,
  ours: Timing,
  flops: number | null,
  images: number | null,
): Entry {
  const wall = ({ samples }: Timing) => samples.map(({ wallMs }) => wallMs);
  const cpu = ({ samples }: Timing) => samples.map(({ cpuMs }) => cpuMs);
  const medianMs = median(wall(timing));
  return {
    name: timing.name,
    numbers: timing.numbers,
    medianMs,
    p90Ms: quantile(wall(timing), 0.9),
    cpuMs: median(cpu(timing)),
    gflops: flops && flops / medianMs / 1e6,
    imagesPerSecond: images && images * 1000 / medianMs,
    ratio: pairedRatio(wall(timing), wall(ours)),
    cpuRatio: pairedRatio(cpu(timing), cpu(ours)),
    difference: timing.difference && timing.difference.relative,
    repeats: timing.repeats,
    samplesMs: wall(timing),
  };
}
