import { deepEqual, equal } from "node:assert/strict";
import type { ReadyDispatch } from "../../src/gpu/ready_dispatch.ts";
import type { Sample, Stopwatch } from "../../src/tuning/stopwatch.ts";
import { fastestOf, timeVariants } from "../../src/tuning/time_variants.ts";

/** A stopwatch that is told what each run of some dispatches takes, one number after another. */
function fakeStopwatch(times: Map<Sample["dispatches"], number[]>) {
  const asked: Sample[] = [];
  const stopwatch: Stopwatch = {
    sampleMs: 3,
    time(samples) {
      asked.push(...samples);
      return Promise.resolve(samples.map(({ dispatches }) => times.get(dispatches)!.shift()!));
    },
    [Symbol.dispose]() {},
  };
  return { stopwatch, asked };
}

Deno.test("timeVariants() lets variants take turns, and counts the least time of each", async () => {
  const [a, b]: ReadyDispatch[][] = [[], []];
  // The first run compiles, the second is an estimate, the other three count.
  const { stopwatch, asked } = fakeStopwatch(
    new Map([[a, [900, 1, 1.3, 1.1, 1.2]], [b, [700, 0.01, 0.4, 0.9, 0.5]]]),
  );
  const times = await timeVariants(new Map([["a", a], ["b", b]]), stopwatch);
  deepEqual([...times], [["a", 1.1], ["b", 0.4]]);
  const turns = asked.map(({ dispatches, repeats }) => [dispatches === a ? "a" : "b", repeats]);
  const once = [["a", 1], ["b", 1]];
  const long = [["a", 3], ["b", 64]]; // 3 ms of work, or as many repeats as there may be
  deepEqual(turns, [...once, ...once, ...long, ...long, ...long]);
});

Deno.test("fastestOf() leaves the built-in variant only for one that is clearly faster", () => {
  const of = (...times: number[]) =>
    fastestOf(new Map(times.map((ms, i) => [["built-in", "second", "third"][i], ms])));
  equal(of(1, 0.98, 1.2), "built-in");
  equal(of(1, 0.96, 0.9), "third");
  equal(of(1), "built-in");
});
