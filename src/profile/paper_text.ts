import { markdownTable, type TableColumn } from "../report/markdown_table.ts";
import { ASSUMED, type PaperKernel, type PaperRoofline } from "./paper_roofline.ts";
import { ms, percent } from "./profile_text.ts";

/** Kernels below this share of a step are added up in one row. */
const LEAST_SHARE = 0.002;

const COLUMNS: readonly TableColumn[] = [
  { heading: "kernel" },
  ...[
    "calls",
    "GFLOP",
    "MB",
    "workgroups",
    "lanes",
    "KiB",
    "registers",
    "occupancy",
    "tail",
    "edge",
    "B a FLOP",
    "least ms",
    "cautious ms",
  ].map((heading) => ({ heading, numbers: true })),
  { heading: "roof" },
];

/** What a step comes to on a GPU that need not be there, as text: bounds, then a table by kernel. */
export function describePaper(paper: PaperRoofline): string {
  const [shown, rest] = split(paper.kernels);
  const rows = shown.map(rowOf);
  if (rest.length > 0) {
    const sum = (key: "dispatches" | "flops" | "bytes" | "workgroups" | "leastMs" | "cautiousMs") =>
      rest.reduce((sum, kernel) => sum + kernel[key], 0);
    const blanks = ["", "", "", "", "", "", ""];
    rows.push([
      `${rest.length} more`,
      String(sum("dispatches")),
      giga(sum("flops")),
      mega(sum("bytes")),
      String(sum("workgroups")),
      ...blanks,
      ms(sum("leastMs")),
      ms(sum("cautiousMs")),
      "",
    ]);
  }
  return [...paperSummary(paper), "", markdownTable(COLUMNS, rows)].join("\n");
}

/** What a step comes to, in lines. */
export function paperSummary(paper: PaperRoofline): string[] {
  const { gpu, gflops, gigabytesPerSecond, images, dispatches } = paper;
  const { leastMs, rooflineMs, cautiousMs, mostImagesPerSecond, cautiousImagesPerSecond } = paper;
  const { instructionsPerVector, latencyNs, gapUs } = ASSUMED;
  const peaks = `${(gflops / 1000).toFixed(1)} TFLOP/s, ${
    (gigabytesPerSecond / 1000).toFixed(2)
  } TB/s`;
  return [
    `${images} images a step on paper, ${gpu}: ${peaks}; bounds by arithmetic, nothing was measured`,
    `at most ${mostImagesPerSecond.toFixed(0)} images/s: a step takes ${ms(leastMs)} ms at the ` +
    `limits of arithmetic and memory, ${percent(1 - rooflineMs / leastMs)} of it lost to last ` +
    `workgroups and the edges of tiles`,
    `with caution ${cautiousImagesPerSecond.toFixed(0)} images/s: ${ms(cautiousMs)} ms, with ` +
    `instructions that stage tensors, ${instructionsPerVector} for each vector from workgroup ` +
    `memory, its bandwidth as if lanes shared no reads, loads that take ${latencyNs} ns, and ` +
    `${gapUs} us between ${dispatches} dispatches`,
  ];
}

/** The kernels that are told one by one, and the others. */
export function split(
  kernels: readonly PaperKernel[],
): [shown: PaperKernel[], rest: PaperKernel[]] {
  const total = kernels.reduce((sum, { cautiousMs }) => sum + cautiousMs, 0);
  const shares = (kernel: PaperKernel) => kernel.cautiousMs / total >= LEAST_SHARE;
  return [kernels.filter(shares), kernels.filter((kernel) => !shares(kernel))];
}

function rowOf(kernel: PaperKernel): string[] {
  const { name, dispatches, flops, bytes, workgroups, lanes, workgroupBytes, registers } = kernel;
  return [
    name,
    String(dispatches),
    giga(flops),
    mega(bytes),
    String(workgroups),
    String(lanes),
    workgroupBytes === 0 ? "" : (workgroupBytes / 1024).toFixed(1),
    String(registers),
    percent(kernel.occupancy, 0),
    percent(kernel.tail, 0),
    percent(kernel.edge, 0),
    kernel.workgroupBytesPerFlop === 0 ? "" : kernel.workgroupBytesPerFlop.toFixed(2),
    ms(kernel.leastMs),
    ms(kernel.cautiousMs),
    kernel.roof,
  ];
}

function giga(flops: number): string {
  return flops === 0 ? "" : (flops / 1e9).toFixed(0);
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
