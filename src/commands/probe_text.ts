import type { Accuracy } from "../eval/guess_tally.ts";
import type { ProbeReport } from "../eval/probe_report.ts";
import { classTable, percent } from "./class_table.ts";

/** What is special about the report of one kind of classifiers. */
export interface ProbeText {
  /** The sweep, line by line. */
  table: readonly string[];
  /** Which of them is best. */
  best: string;
  /** Advice, if any. */
  hint: string[];
}

/** A report as text: the sweep, where the best of it is judged, then by class. */
export function describeProbe<Row extends Accuracy>(
  report: ProbeReport<Row>,
  judged: Accuracy,
  { table, best, hint }: ProbeText,
): string {
  const { images, images_per_second, classes, judged_on } = report;
  const chosen = judged_on === "val" ? " (which it was chosen by)" : "";
  return [
    `${images} images of ${classes.length} classes, ${images_per_second.toFixed(1)} images/s`,
    "top-1 on val, which the best is chosen by",
    ...table,
    `best: ${best}`,
    ...hint,
    `on ${judged_on}${chosen}: top-1 ${percent(judged.top1).trim()}, top-5 ` +
    percent(judged.top5).trim(),
    `by class, on ${judged_on}`,
    ...classTable(report),
  ].join("\n");
}

/** A line of advice where the best value of a sweep is its first or its last. */
export function atTheEnd(key: string, value: number, values: readonly number[]): string[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least === most || (value !== least && value !== most)) return [];
  const [end, others] = value === most ? ["greatest", "greater"] : ["smallest", "smaller"];
  return [`this is the ${end} ${key} of the sweep: ${others} ones may be better`];
}
