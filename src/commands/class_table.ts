import type { ClassReport } from "../eval/class_report.ts";

/** More classes than this are not printed one by one. */
const SHOWN_CLASSES = 30;

/** A line for each class: how many of its images are recognized, and what it is mistaken for. */
export function classTable(report: ClassReport): string[] {
  const { classes, class_top1, class_images } = report;
  const lines = classes.slice(0, SHOWN_CLASSES).map((name, i) => {
    const share = `${percent(class_top1[i])}  of ${class_images[i]}`;
    return `  ${name.padEnd(24)} ${share}${mistakenFor(report, i)}`;
  });
  const rest = classes.length - SHOWN_CLASSES;
  return rest > 0 ? [...lines, `  and ${rest} more; --json has all`] : lines;
}

/** The class that one is taken for most often. */
function mistakenFor({ classes, confusion }: ClassReport, row: number): string {
  const others = (confusion[row] ?? []).map((count, column) => column === row ? 0 : count);
  const most = Math.max(0, ...others);
  return most === 0 ? "" : `, ${most} taken for ${classes[others.indexOf(most)]}`;
}

/** A share, seven characters wide; a dash where there is none. */
export function percent(share: number): string {
  return Number.isNaN(share) ? "      –" : `${(100 * share).toFixed(1)} %`.padStart(7);
}
