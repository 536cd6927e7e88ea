import type { ImageProblem } from "../images/image_set.ts";
import { type ClassReport, classReport } from "./class_report.ts";
import type { Accuracy, Guessed } from "./guess_tally.ts";
import type { ProbeSets } from "./probe_sets.ts";

/** What classifiers on features reached; what is told by class is of the best, on `judged_on`. */
export interface ProbeReport<Row extends Accuracy> extends ClassReport {
  /** The classifier that guesses best on the images to choose by. */
  best: Row;
  /** Every classifier, on the images to choose by. */
  sweep: Row[];
  /** Where the best is judged: on the images to choose by, if there are no others. */
  judged_on: "val" | "test";
  /** Images of all sets. */
  images: number;
  images_per_second: number;
  skipped: ImageProblem[];
}

/** What there is to report of a sweep, and who of it is judged on what. */
export interface ProbeResult<Row extends Accuracy> {
  sweep: Row[];
  best: Row;
  /** Guesses of the best for the images that it is judged on, and their classes. */
  guessed: Guessed;
  truth: Uint32Array;
  imagesPerSecond: number;
  skipped: ImageProblem[];
}

/** The row of the greatest `top1`, of equal ones of the greatest `top5`, of these the first. */
export function bestOf<Row extends Accuracy>(rows: readonly Row[]): Row {
  return rows.reduce((a, b) => b.top1 > a.top1 || (b.top1 === a.top1 && b.top5 > a.top5) ? b : a);
}

/** The report of a sweep over some sets. */
export function probeReport<Row extends Accuracy>(
  { classes, train, val, test }: ProbeSets,
  { sweep, best, guessed, truth, imagesPerSecond, skipped }: ProbeResult<Row>,
): ProbeReport<Row> {
  const sets = [train, val, ...(test === null ? [] : [test])];
  return {
    best,
    sweep,
    judged_on: test === null ? "val" : "test",
    images: sets.reduce((sum, { images }) => sum + images.names.length, 0),
    images_per_second: imagesPerSecond,
    ...classReport(guessed.guesses, truth, classes),
    skipped,
  };
}
