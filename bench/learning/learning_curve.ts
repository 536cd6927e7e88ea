// How good features get without labels, step by step.
import { join } from "node:path";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { readMetrics } from "../../src/training/metrics_file.ts";
import { train } from "../../src/training/train.ts";
import { type LabelledFolders, pixelAccuracy } from "./raw_pixels.ts";

/** Neighbours that vote. */
export const K = 20;

/** A run at some step. */
export interface CurvePoint {
  steps: number;
  /** Shares of images whose class is the first guess, or one of five. */
  top1: number;
  top5: number;
  rankMe: number;
  /** Of the step before, at the start of the first: ln K where all prototypes are alike. */
  dinoLoss: number;
}

export interface LearningCurve {
  name: string;
  /** Top-1 of raw pixels. */
  pixels: number;
  /** From random weights to the end. */
  points: CurvePoint[];
}

/**
 * Trains without labels, and classifies images by their nearest neighbours along the way: the class
 * token of the teacher, whole images.
 */
export async function learningCurve(
  name: string,
  options: TrainOptions,
  folders: LabelledFolders,
  { every, size }: { every: number; size: number },
): Promise<LearningCurve> {
  const pixels = await pixelAccuracy(folders, { k: K, size });
  tell("raw pixels", pixels);
  const common = { every_n_train_steps: every, framing: "squash" as const };
  await train({
    ...options,
    callbacks: { knn: { ...folders, k: [K], ...common }, rank_me: common, ...options.callbacks },
  }, { onMessage: (message) => console.error(message) });
  const points = curvePoints(join(options.out, "metrics.jsonl"));
  for (const { steps, ...point } of points) {
    tell(steps === 0 ? "random weights" : `${steps} steps`, point.top1, point);
  }
  return { name, pixels, points };
}

/** The first row tells of the start, the others of what their step came to. */
function curvePoints(file: string): CurvePoint[] {
  return readMetrics(file).filter((row) => row.knn_top1 !== undefined).map((row, i) => ({
    steps: i === 0 ? 0 : row.step + 1,
    top1: row.knn_top1,
    top5: row.knn_top5,
    rankMe: row.rank_me,
    dinoLoss: row["train_loss/dino_global_loss"] + row["train_loss/dino_local_loss"],
  }));
}

function tell(what: string, top1: number, rest?: Omit<CurvePoint, "steps">): void {
  const cells = [what.padEnd(16), `${(100 * top1).toFixed(1).padStart(5)} %`];
  if (rest !== undefined) {
    const { top5, rankMe, dinoLoss } = rest;
    cells.push(`top-5 ${(100 * top5).toFixed(1)} %`, `RankMe ${rankMe.toFixed(1)}`);
    cells.push(`DINO loss ${dinoLoss.toFixed(2)}`);
  }
  console.log(cells.join("  "));
}
