import type { Entry, Finding, Findings } from "./findings.ts";
import { describeOrigin } from "../support/results.ts";
import { threeDigits } from "../support/statistics.ts";
import { type Verdict, verdicts } from "./targets.ts";

/** The Markdown page of a run. */
export function markdownReport(found: Findings): string {
  return [
    `# Beside its peers, on ${found.adapter}`,
    "",
    "Written by `deno task bench:peers`; what is compared and how is in " +
    "[docs/benchmarks.md](../../../docs/benchmarks.md).",
    "",
    describeOrigin(found),
    "",
    "![Time relative to ours, on a logarithmic scale](peers.svg)",
    "",
    ...targetLines(verdicts(found)),
    ...found.findings.flatMap((finding) => findingLines(finding, found.software)),
    ...peerLines(found),
  ].join("\n");
}

function targetLines(judged: Verdict[]): string[] {
  if (judged.length === 0) return [];
  const rows = judged.map(({ work, wanted, reached, reachedOfCpu, verdict }) => [
    work,
    wanted,
    reached === null ? "not measured" : threeDigits(reached),
    reachedOfCpu === null ? "" : threeDigits(reachedOfCpu),
    verdict,
  ]);
  const header = ["work", "at least", "by the clock", "by processor time", ""];
  return ["## Targets", "", ...table(header, rows), ""];
}

function findingLines({ work, entries, absent }: Finding, software: boolean): string[] {
  const columns = columnsFor(entries, software);
  const rows = entries.map((entry) => columns.map(({ cell }) => cell(entry)));
  const reasons = Object.entries(absent).map(([name, reason]) => `- ${name}: ${reason}`);
  return [
    `## ${work}`,
    "",
    ...(rows.length > 0 ? [...table(columns.map(({ title }) => title), rows), ""] : []),
    ...(reasons.length > 0 ? ["Not there:", "", ...reasons, ""] : []),
  ];
}

interface Column {
  title: string;
  cell: (entry: Entry) => string;
}

function columnsFor(entries: readonly Entry[], software: boolean): Column[] {
  const number = (value: number | null) => value === null ? "" : threeDigits(value);
  const has = (name: "gflops" | "imagesPerSecond") => entries.some((entry) => entry[name] !== null);
  const columns: (Column | false)[] = [
    { title: "", cell: ({ name }) => name },
    { title: "median ms", cell: ({ medianMs }) => number(medianMs) },
    { title: "90 % ms", cell: ({ p90Ms }) => number(p90Ms) },
    has("gflops") && { title: "GFLOP/s", cell: ({ gflops }) => number(gflops) },
    has("imagesPerSecond") &&
    { title: "images/s", cell: ({ imagesPerSecond }) => number(imagesPerSecond) },
    { title: "time, ours = 1", cell: ({ ratio }) => number(ratio) },
    software && { title: "processor ms", cell: ({ cpuMs }) => number(cpuMs) },
    software && { title: "of it, ours = 1", cell: ({ cpuRatio }) => number(cpuRatio) },
    {
      title: "differs by",
      cell: ({ difference }) =>
        difference === null ? "" : difference === 0 ? "0" : difference.toExponential(0),
    },
  ];
  return columns.filter((column) => column !== false);
}

function peerLines({ peers, missing }: Findings): string[] {
  const rows = Object.entries(peers).map(([name, { device, versions }]) => [
    name,
    device,
    Object.entries(versions).map(([what, version]) => `${what} ${version}`).join(", "),
  ]);
  const absent = Object.entries(missing).map(([name, reason]) => [name, "", `missing: ${reason}`]);
  return ["## Who took part", "", ...table(["", "on", "versions"], [...rows, ...absent]), ""];
}

/** A Markdown table whose columns line up, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column].length))
  );
  const numeric = header.map((_, column) =>
    rows.length > 0 && rows.every((row) => /^$|^-?[\d.]+(e[-+]\d+)?$/.test(row[column])) &&
    rows.some((row) => row[column] !== "")
  );
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, i) => numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
        .join(" | ")
    } |`;
  const rule = `| ${
    widths.map((width, i) => numeric[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))
      .join(" | ")
  } |`;
  return [line(header), rule, ...rows.map(line)];
}
