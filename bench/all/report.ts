import { markdownTable, type TableColumn } from "../../src/report/markdown_table.ts";
import { describeOrigin } from "../support/results.ts";
import { threeDigits } from "../support/statistics.ts";
import type { AllRecord, BenchLine, PartRecord } from "./record.ts";

/** The Markdown page of a results folder: what there is, and every measurement. */
export function markdownReport({ origin, parts, measurements }: AllRecord): string {
  const groups = Map.groupBy(Object.keys(measurements), (part) => part.split("/")[0]);
  return [
    `# Everything that was measured on ${origin.adapter}`,
    "",
    "Written by `deno task bench:all`; what it does is in " +
    "[docs/benchmarks.md](../../../docs/benchmarks.md#all-of-it-in-one-call).",
    "",
    describeOrigin(origin),
    "",
    "## Parts",
    "",
    partTable(parts),
    "",
    ...[...groups].flatMap(([group, names]) => [
      `## ${group}`,
      "",
      measurementTable(names.flatMap((name) => measurements[name])),
      "",
    ]),
  ].join("\n");
}

/** The first line of an output and its last two: what it is of, and what it comes to. */
export function inBrief(output: string): string {
  const lines = output.trim().split("\n");
  return [...lines.slice(0, 1), ...lines.slice(1).slice(-2)].join("\n") + "\n";
}

/** Files of parts whose results are elsewhere in the folder. */
const ELSEWHERE: [RegExp, string][] = [
  [/^doctor$/, "doctor.json"],
  [/^profile$/, "step/profile.md"],
  [/^peers$/, "peers.md"],
  [/^scaling$/, "scaling.md"],
];

function partTable(parts: AllRecord["parts"]): string {
  const rows = Object.entries(parts).map(([name, part]) => [
    name,
    part.status,
    part.seconds.toFixed(0),
    part.commit,
    part.why === null ? placeOf(name) : lastLine(part),
  ]);
  return markdownTable([
    { heading: "part" },
    { heading: "" },
    { heading: "seconds", numbers: true },
    { heading: "commit" },
    { heading: "results, or why not" },
  ], rows);
}

function placeOf(name: string): string {
  if (name.startsWith("golden/")) return link(`${name.replace("/", "_")}.txt`);
  const file = ELSEWHERE.find(([pattern]) => pattern.test(name))?.[1];
  return file === undefined ? "below" : link(file);
}

function link(file: string): string {
  return `[${file}](${file})`;
}

function lastLine({ why }: PartRecord): string {
  return why!.trim().split("\n").at(-1)!;
}

/** Numbers that benches print, with their headings; a table has those that its rows have. */
const NUMBERS: [key: string, heading: string, text: (value: number) => string][] = [
  ["batchSize", "batch", String],
  ["medianMs", "median ms", threeDigits],
  ["p90Ms", "90 % ms", threeDigits],
  ["cpuMs", "processor ms", threeDigits],
  ["gflops", "GFLOP/s", threeDigits],
  ["gigabytesPerSecond", "GB/s", threeDigits],
  ["shareOfLimit", "of limit", (share) => `${(100 * share).toFixed(0)} %`],
  ["imagesPerSecond", "images/s", threeDigits],
  ["viewsPerSecond", "views/s", threeDigits],
  ["decodedPerSecondAndThread", "decoded/s a thread", threeDigits],
];

/** Measurements as a table, a row each. */
export function measurementTable(lines: readonly BenchLine[]): string {
  const numbers = NUMBERS.filter(([key]) => lines.some((line) => typeof line[key] === "number"));
  const columns: TableColumn[] = [
    { heading: "what" },
    ...numbers.map(([, heading]) => ({ heading, numbers: true })),
  ];
  return markdownTable(
    columns,
    lines.map((line) => [
      line.name,
      ...numbers.map(([key, , text]) => {
        const value = line[key];
        return typeof value === "number" ? text(value) : "";
      }),
    ]),
  );
}
