import { bytesOf, costOf, type Plan } from "../../src/gpu/plan.ts";
import type { Limits } from "../../src/machine/limits.ts";
import { leastTimes } from "../../src/profile/roofline.ts";
import type { Duration } from "../support/duration.ts";
import type { Origin } from "../support/results.ts";
import { median } from "../support/statistics.ts";
import type { Axis } from "./axes.ts";
import { fitLine, type Line, offLine } from "./line.ts";

/** How far a cost may be from its line. */
export const LINEAR_WITHIN = 0.1;

/** One size, as it was planned and timed. */
export interface TimedPoint {
  n: number;
  plan: Plan;
  /** Of one step each. */
  samples: Duration[];
}

/** What was found of one size. */
export interface PointFinding {
  n: number;
  flops: number;
  bytes: number;
  /** What the limits of arithmetic and memory leave of a step's plan, dispatch by dispatch. */
  plannedMs: number;
  wallMs: number;
  cpuMs: number;
  /** Processor time where that is what computes, else the clock's; see `offLine`. */
  costMs: number;
  /** Shares of the lines through all points: of the plan, and of what was measured. */
  plannedOffLine: number;
  offLine: number;
  /** Time over planned time, over the middle one of the axis, less 1. */
  efficiencyChange: number;
}

/** What was found along one axis. */
export interface AxisFinding {
  name: string;
  counts: string;
  points: PointFinding[];
  planned: Line;
  measured: Line;
  /** The largest distance of a point from the line, as a share. */
  farthest: number;
  linear: boolean;
  /** Sizes that could not be run, and why. */
  absent: Record<string, string>;
}

/** What a run of the bench found, as its JSON file has it. */
export interface ScalingFindings extends Origin {
  limits: Limits;
  rounds: number;
  axes: AxisFinding[];
}

/** Fits the lines of an axis. */
export function axisFinding(
  { name, counts }: Pick<Axis, "name" | "counts">,
  timed: readonly TimedPoint[],
  { software, limits, absent }: {
    software: boolean;
    limits: Limits;
    absent: Record<string, string>;
  },
): AxisFinding {
  const found = timed.map(({ n, plan, samples }) => {
    const wallMs = median(samples.map(({ wallMs }) => wallMs));
    const cpuMs = median(samples.map(({ cpuMs }) => cpuMs));
    const dispatches = [...plan.phases.values()].flat();
    return {
      n,
      flops: costOf(plan).flops,
      bytes: dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch), 0),
      plannedMs: dispatches.reduce((sum, dispatch) => {
        const { arithmeticMs, memoryMs } = leastTimes(dispatch, limits);
        return sum + Math.max(arithmeticMs, memoryMs);
      }, 0),
      wallMs,
      cpuMs,
      costMs: software ? cpuMs : wallMs,
    };
  });
  const planned = fitLine(found.map(({ n, plannedMs }) => ({ n, cost: plannedMs })));
  const measured = fitLine(found.map(({ n, costMs }) => ({ n, cost: costMs })));
  const usual = median(found.map(({ costMs, plannedMs }) => costMs / plannedMs));
  const points = found.map((point): PointFinding => ({
    ...point,
    plannedOffLine: offLine(planned, { n: point.n, cost: point.plannedMs }),
    offLine: offLine(measured, { n: point.n, cost: point.costMs }),
    efficiencyChange: point.costMs / point.plannedMs / usual - 1,
  }));
  const farthest = Math.max(...points.map(({ offLine }) => Math.abs(offLine)));
  const linear = farthest <= LINEAR_WITHIN;
  return { name, counts, points, planned, measured, farthest, linear, absent };
}
