import { deepEqual, equal, ok } from "node:assert/strict";
import { type OpenDevice, openDevice } from "../../src/gpu/device.ts";
import { openDispatchClock } from "../../src/gpu/open_dispatch_clock.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { TimedRunner } from "../../src/gpu/timed_runner.ts";
import { addInto } from "../../src/ops/add.ts";
import { fill } from "../../src/ops/fill.ts";

/** Zeroes a sum, and adds ones to it twice. */
function record({ facts }: OpenDevice) {
  const recorder = new PlanRecorder(facts);
  const ones = recorder.keep("state", [1000], "ones");
  const sum = recorder.keep("state", [1000], "sum");
  recorder.phase("begin");
  fill(recorder, ones, 1);
  fill(recorder, sum, 0);
  recorder.phase("add");
  addInto(recorder, ones, sum);
  addInto(recorder, ones, sum);
  return { plan: recorder.finish(), sum };
}

for (const timestamps of [true, false]) {
  const name = timestamps ? "the adapter's best clock" : "a clock without timestamps";
  Deno.test(`${name} times every dispatch, which computes the same`, async () => {
    const open = await openDevice();
    try {
      const facts = { ...open.facts, timestamps: timestamps && open.facts.timestamps };
      using clock = await openDispatchClock({ ...open, facts });
      if (!timestamps) equal(clock.method, "waiting");
      const { plan, sum } = record(open);
      using runner = await PlanRunner.build(plan, open);
      const timed = new TimedRunner(runner, clock);
      const startMs = performance.now();
      await timed.run("begin", "add");
      await timed.run("add", "no such phase");
      const spans = await timed.read();
      const endMs = performance.now();
      deepEqual(await runner.download(sum), new Float32Array(1000).fill(4));
      deepEqual(
        spans.map(({ phase, index }) => [phase, index]),
        [["begin", 0], ["begin", 1], ["add", 0], ["add", 1], ["add", 0], ["add", 1]],
      );
      let before = startMs;
      for (const { startMs, endMs } of spans) {
        // Two clocks, whose difference is known to a fraction of a millisecond.
        ok(startMs >= before - 0.5 && endMs >= startMs, `${startMs} after ${before}`);
        before = endMs;
      }
      ok(before <= endMs + 0.5, `${before} before ${endMs}`);
      ok(clock.submittingMs > 0);
      deepEqual(await timed.read(), []);
      await timed.run("add");
      equal((await timed.read()).length, 2);
    } finally {
      open.close();
    }
  });
}

Deno.test("timestamps go on where a set of them is full", async () => {
  const open = await openDevice();
  try {
    using clock = await openDispatchClock(open);
    if (clock.method !== "timestamps") return;
    const { plan, sum } = record(open);
    using runner = await PlanRunner.build(plan, open);
    const timed = new TimedRunner(runner, clock);
    const many = 1500; // times two dispatches, of 2048 in a set
    await timed.run("begin", ...new Array<string>(many).fill("add"));
    equal((await timed.read()).length, 2 + 2 * many);
    deepEqual(await runner.download(sum), new Float32Array(1000).fill(2 * many));
  } finally {
    open.close();
  }
});
