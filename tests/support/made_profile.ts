import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { type AdapterFacts, DEFAULT_FACTS } from "../../src/gpu/device.ts";
import type { TimedDispatch } from "../../src/gpu/timed_runner.ts";
import type { HostWork } from "../../src/profile/host_work.ts";
import type { ProfileRecord, StepWindow } from "../../src/profile/step_profile.ts";
import { PHASES, recordStep, stepShape } from "../../src/training/run_setup.ts";
import { TINY_RUN } from "./tiny_run.ts";

const STEP_MS = 1000;

/** Steps of a second, in which the host does what it is said to, one after the other. */
function madeWindow(steps: number, startMs: number, host: [HostWork, number][]): StepWindow {
  const spans = Array.from({ length: steps }, (_, step) => {
    let at = startMs + step * STEP_MS;
    return host.map(([work, ms]) => ({ work, startMs: at, endMs: at += ms }));
  });
  return { startMs, endMs: startMs + steps * STEP_MS, steps, host: spans.flat() };
}

/** What a profile of the tiny step would take down if each dispatch took a millisecond. */
export function madeRecord(
  { steps = 2, facts = {}, options = {} }: {
    steps?: number;
    facts?: Partial<AdapterFacts>;
    options?: Partial<TrainOptions>;
  } = {},
): ProfileRecord {
  const config = resolveConfig({ ...TINY_RUN, out: "-", data: "-", ...options });
  const shape = stepShape(config);
  const { plan } = recordStep({ ...DEFAULT_FACTS, name: "made", ...facts }, shape);
  const timed = madeWindow(steps, 5000, [["data wait", 30], ["encode", 6]]);
  const micro = Array.from({ length: shape.accumulationSteps }, () => PHASES[1]);
  const dispatches: TimedDispatch[] = [];
  for (let step = 0; step < steps; step++) {
    let at = timed.startMs + step * STEP_MS + 36;
    for (const phase of [PHASES[0], ...micro, PHASES[2]]) {
      plan.phases.get(phase)!.forEach((_, index) =>
        dispatches.push({ phase, index, startMs: at, endMs: at += 1 })
      );
    }
  }
  return {
    plan,
    subject: {
      model: config.model,
      batchSize: shape.batchSize * shape.accumulationSteps,
      data: "images",
    },
    limits: { gflops: 100, gigabytesPerSecond: 10 },
    clock: { method: "timestamps", waitingMs: 0 },
    plain: madeWindow(steps, 1000, [
      ["data wait", 20],
      ["inputs", 2],
      ["writes", 3],
      ["encode", 4],
      ["submit", 0.5],
      ["submit", 400.5],
      ["read back", 100],
      ["between steps", 1],
    ]),
    timed,
    dispatches,
  };
}
