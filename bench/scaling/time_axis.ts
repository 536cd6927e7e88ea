import { GpuError } from "../../src/gpu/errors.ts";
import { type Duration, SAMPLE_MS, timed } from "../support/duration.ts";
import type { NoiseStep } from "../support/noise_step.ts";
import type { Axis, AxisPoint } from "./axes.ts";
import type { TimedPoint } from "./findings.ts";

/** What is needed of a step; a test has others. */
export type TimedStep = Pick<NoiseStep, "plan" | "run"> & Disposable;

/**
 * Times the sizes of an axis in turns, forth and back, so that what else the machine does weighs on
 * all of them. Sizes that the device has no room for are left out, with the reason.
 */
export async function timeAxis(
  { points }: Axis,
  build: (options: AxisPoint["options"]) => Promise<TimedStep>,
  rounds: number,
): Promise<{ timed: TimedPoint[]; absent: Record<string, string> }> {
  using steps = new DisposableStack();
  const absent: Record<string, string> = {};
  const entrants: { step: TimedStep; repeats: number; point: TimedPoint }[] = [];
  for (const { n, options } of points) {
    try {
      const step = steps.use(await build(options));
      await step.run(1); // compiles
      const { wallMs } = await timed(() => step.run(1));
      const repeats = Math.max(1, Math.ceil(SAMPLE_MS / wallMs));
      entrants.push({ step, repeats, point: { n, plan: step.plan, samples: [] } });
    } catch (error) {
      if (!(error instanceof GpuError)) throw error;
      absent[String(n)] = error.message;
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { step, repeats, point } of round % 2 === 0 ? entrants : entrants.toReversed()) {
      const { wallMs, cpuMs } = await timed(() => step.run(repeats));
      const sample: Duration = { wallMs: wallMs / repeats, cpuMs: cpuMs / repeats };
      point.samples.push(sample);
    }
  }
  return { timed: entrants.map(({ point }) => point), absent };
}
