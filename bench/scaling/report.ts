import { markdownTable } from "../../src/report/markdown_table.ts";
import { type LinePanel, linePanels, type Mark } from "../support/line_panels.ts";
import { describeOrigin } from "../support/results.ts";
import { threeDigits } from "../support/statistics.ts";
import { type AxisFinding, LINEAR_WITHIN, type ScalingFindings } from "./findings.ts";

/** The Markdown page of a run. */
export function markdownReport(found: ScalingFindings): string {
  const { adapter, software, limits, rounds, axes } = found;
  return [
    `# How cost grows, on ${adapter}`,
    "",
    "Written by `deno task bench:scaling`; what is varied and how it is timed is in " +
    "[docs/benchmarks.md](../../../docs/benchmarks.md#how-cost-grows).",
    "",
    describeOrigin(found),
    "",
    `Medians of ${rounds} rounds, in ${
      costWords(software)
    }. Planned is what a step would take at ` +
    `the limits of ${threeDigits(limits.gflops)} GFLOP/s and ` +
    `${threeDigits(limits.gigabytesPerSecond)} GB/s, dispatch by dispatch.`,
    "",
    "![Cost of a step over each axis, with the line through all sizes](scaling.svg)",
    "",
    verdictTable(axes),
    "",
    ...axes.flatMap((axis) => [`## ${axis.name}`, "", pointTable(axis, software), ""]),
    ...absentLines(axes),
  ].join("\n");
}

function costWords(software: boolean): string {
  return software ? "time of all cores of the processor" : "time by the clock";
}

/** An axis a row: its line, and whether the cost keeps to it. */
export function verdictTable(axes: readonly AxisFinding[]): string {
  const rows = axes.map((axis) => {
    const { name, counts, measured, planned, farthest, linear, points } = axis;
    const plannedFarthest = Math.max(...points.map((each) => Math.abs(each.plannedOffLine)));
    return [
      name,
      `${threeDigits(measured.fixed)} + ${threeDigits(measured.slope)} · ${counts}`,
      percent(farthest),
      `${threeDigits(planned.fixed)} + ${threeDigits(planned.slope)} · n`,
      percent(plannedFarthest),
      linear ? "linear" : "not linear",
    ];
  });
  const within = `within ${100 * LINEAR_WITHIN} %`;
  return markdownTable([
    { heading: "axis" },
    { heading: "ms of a step" },
    { heading: "off by at most", numbers: true },
    { heading: "planned ms" },
    { heading: "planned, off by", numbers: true },
    { heading: within },
  ], rows);
}

function pointTable({ counts, points, measured }: AxisFinding, software: boolean): string {
  const first = points[0];
  const rows = points.map((point) => {
    const { n, flops, bytes, plannedMs, wallMs, cpuMs, costMs } = point;
    return [
      String(n),
      (flops / 1e9).toFixed(1),
      (bytes / 1e9).toFixed(2),
      threeDigits(plannedMs),
      threeDigits(wallMs),
      ...(software ? [threeDigits(cpuMs)] : []),
      threeDigits(measured.fixed + measured.slope * n),
      signed(point.offLine),
      signed(point.plannedOffLine),
      signed(point.efficiencyChange),
      threeDigits((costMs / n) / (first.costMs / first.n)),
    ];
  });
  const columns = [
    counts,
    "GFLOP",
    "GB",
    "planned ms",
    "ms",
    ...(software ? ["processor ms"] : []),
    "line, ms",
    "off the line",
    "planned, off its line",
    "time over planned, middle = 0",
    "ms for each, first = 1",
  ];
  return markdownTable(columns.map((heading) => ({ heading, numbers: true })), rows);
}

function absentLines(axes: readonly AxisFinding[]): string[] {
  const lines = axes.flatMap(({ name, absent }) =>
    Object.entries(absent).map(([size, why]) => `- ${name}, ${size}: ${why}`)
  );
  return lines.length === 0 ? [] : ["Not there:", "", ...lines, ""];
}

/** A panel for each axis: medians over size, with the line through them. */
export function scalingPicture({ adapter, software, axes }: ScalingFindings): string {
  const panels = axes.map(({ name, counts, points, measured, farthest }): LinePanel => {
    const most = points.at(-1)!.n;
    const end = measured.fixed + measured.slope * most;
    const highest = Math.max(end, ...points.map(({ costMs }) => costMs));
    return {
      title: `${name}: ms of a step${software ? ", all cores" : ""}`,
      counts,
      across: [
        { at: 0, text: points[0].n > most / 10 ? "0" : "" },
        ...points.map(({ n }) => ({ at: n, text: String(n) })),
      ],
      up: marksUpTo(highest),
      curve: points.map(({ n, costMs }) => [n, costMs]),
      dashed: { from: [0, Math.max(0, measured.fixed)], to: [most, end] },
      note: `off the line by ${percent(farthest)} at most`,
    };
  });
  return linePanels(panels, `Cost of a training step over its sizes on ${adapter}`, 2);
}

/** Round numbers from 0 to the first that is not below `highest`. */
export function marksUpTo(highest: number): Mark[] {
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * power)
    .find((size) => highest / size <= 5.5) ?? 2 * power;
  const count = Math.ceil(highest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)))
    .map((at) => ({ at, text: String(at) }));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
}
