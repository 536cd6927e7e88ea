import { mib } from "../gpu/plan.ts";
import { markdownTable, type TableColumn } from "../report/markdown_table.ts";
import { HOST_BUSY } from "./host_work.ts";
import type { Work } from "./roofline.ts";
import type { StepProfile } from "./step_profile.ts";

/** What a step should stay under. */
export const TARGETS = { hostShare: 0.02, dataWaitShare: 0.05, memoryOverhead: 0.1 };

/** Rows of a table for people who watch; files have all of them. */
const SHOWN_ROWS = 12;

/**
 * A profile as text: what a step comes to, and tables by kernel and by part of the model.
 *
 * @param all Every row, and the parts block by block.
 */
export function describeProfile(profile: StepProfile, { all = false } = {}): string {
  const rows = all ? Infinity : SHOWN_ROWS;
  return [
    ...profileSummary(profile),
    "",
    workTable("kernel", profile.kernels, rows),
    "",
    workTable("part of the model", profile.layers, rows),
    ...(all ? ["", workTable("block by block", profile.parts, rows)] : []),
  ].join("\n");
}

/** What a step comes to, in lines. */
export function profileSummary(profile: StepProfile): string[] {
  const { model, batchSize, elem, adapter, limits, host, memory, dispatches } = profile;
  const calls = dispatches.reduce((sum, { dispatches }) => sum + dispatches, 0);
  return [
    `${model}, ${batchSize} images a step${
      elem === "f16" ? " in 16-mixed" : ""
    }, on ${adapter.name}`,
    `step ${ms(profile.plainStepMs)} ms, ${profile.imagesPerSecond.toFixed(1)} images/s; ` +
    `${ms(profile.stepMs)} ms while dispatches are timed: ${ms(profile.gpuMs)} ms in ` +
    `${calls.toFixed(0)} dispatches, ${ms(profile.gapMs)} ms between them`,
    `means of ${profile.steps} ${profile.steps === 1 ? "step" : "steps"}; ${howTimed(profile)}`,
    limits === null
      ? "the adapter's limits could not be measured: there was no memory left for it"
      : `limits measured here: ${limits.gflops.toFixed(1)} GFLOP/s, ` +
        `${limits.gigabytesPerSecond.toFixed(1)} GB/s`,
    ...(adapter.software ? [loadLine(profile)] : []),
    `host ${against(profile.hostShare, TARGETS.hostShare)}: ` +
    HOST_BUSY.map((each) => `${each} ${ms(host[each])} ms`).join(", ") +
    `; it waited ${ms(host["submit wait"] + host["read back"])} ms for the GPU`,
    profile.dataWaitShare === null
      ? "data wait not measured: the steps ran on noise"
      : `data wait ${against(profile.dataWaitShare, TARGETS.dataWaitShare)}`,
    `memory ${mib(memory.plannedBytes)}, over the lower bound of ` +
    `${mib(memory.lowerBoundBytes)} by ${against(memory.overhead, TARGETS.memoryOverhead)}`,
  ];
}

/** A software adapter has what other programs leave it. */
function loadLine({ load: { average, cores } }: StepProfile): string {
  return `${
    average.toFixed(1)
  } threads wanted the ${cores} cores, of all programs in the last minute`;
}

function howTimed({ method, waitingMs }: StepProfile): string {
  return method === "timestamps"
    ? "timed by the GPU's timestamps"
    : `the adapter has no usable timestamps: each dispatch was submitted alone and waited for, ` +
      `less the ${waitingMs.toFixed(1)} ms that waiting takes by itself; short ones are not told ` +
      "apart";
}

/** A share, and whether it is under what it should be. */
function against(share: number, target: number): string {
  return `${percent(share)} (target ${percent(target, 0)}, ${share < target ? "met" : "missed"})`;
}

const COLUMNS: readonly TableColumn[] = [
  ...["calls", "ms", "share", "GFLOP/s", "GB/s", "of limit"]
    .map((heading) => ({ heading, numbers: true })),
  { heading: "roof" },
  { heading: "due to" },
];

/** What took longest, as a table; what is left out is added up in its last row. */
export function workTable(heading: string, works: readonly Work[], rows = Infinity): string {
  const shown = works.slice(0, rows).map(cellsOf);
  const rest = works.slice(rows);
  if (rest.length > 0) {
    const sum = (key: "dispatches" | "ms" | "share") =>
      rest.reduce((sum, work) => sum + work[key], 0);
    shown.push([
      `${rest.length} more`,
      sum("dispatches").toFixed(0),
      ms(sum("ms")),
      percent(sum("share")),
      "",
      "",
      "",
      "",
      "",
    ]);
  }
  return markdownTable([{ heading }, ...COLUMNS], shown);
}

function cellsOf(work: Work): string[] {
  const { name, dispatches, flops, gflops, gigabytesPerSecond, limitShare, roof, blame } = work;
  return [
    name,
    dispatches.toFixed(0),
    ms(work.ms),
    percent(work.share),
    flops === 0 ? "" : gflops.toFixed(1),
    gigabytesPerSecond.toFixed(1),
    limitShare === null ? "" : percent(limitShare, 0),
    roof ?? "",
    blame ?? "",
  ];
}

/** Milliseconds with three digits that count. */
export function ms(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

/** A share in percent. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
