import { deepEqual, equal, rejects } from "node:assert/strict";
import { GpuError } from "../../../src/gpu/errors.ts";
import { axesFor } from "../../../bench/scaling/axes.ts";
import { timeAxis } from "../../../bench/scaling/time_axis.ts";
import { resolveConfig } from "../../../src/config/resolve_config.ts";
import { planOf } from "./scaling_support.ts";

/** Holds the thread, so that a sample is one run. */
const wait = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const AXIS = {
  name: "batch",
  counts: "images",
  points: [1, 2, 3].map((n) => ({ n, options: { batch_size: n } })),
};

Deno.test("timeAxis() takes turns forth and back, and frees what it built", async () => {
  const order: number[] = [];
  const dropped: number[] = [];
  const build = ({ batch_size: n }: { batch_size?: number }) =>
    Promise.resolve({
      plan: planOf(n!),
      run: () => Promise.resolve(order.push(n!)).then(() => wait(210)).then(() => {}),
      [Symbol.dispose]: () => void dropped.push(n!),
    });
  const { timed, absent } = await timeAxis(AXIS, build, 2);
  deepEqual(order, [1, 1, 2, 2, 3, 3, 1, 2, 3, 3, 2, 1]); // two runs each to compile and count
  deepEqual(timed.map(({ n, samples }) => [n, samples.length]), [[1, 2], [2, 2], [3, 2]]);
  equal(timed[0].samples[0].wallMs >= 200, true);
  deepEqual(absent, {});
  deepEqual(dropped, [3, 2, 1]);
});

Deno.test("timeAxis() leaves out what has no room, and only that", async () => {
  const build = (error: Error) => ({ batch_size: n }: { batch_size?: number }) =>
    n === 2 ? Promise.reject(error) : Promise.resolve({
      plan: planOf(n!),
      run: () => Promise.resolve(),
      [Symbol.dispose]: () => {},
    });
  const { timed, absent } = await timeAxis(AXIS, build(new GpuError("no room")), 0);
  deepEqual(timed.map(({ n }) => n), [1, 3]);
  deepEqual(absent, { 2: "no room" });
  await rejects(timeAxis(AXIS, build(new TypeError("a bug")), 0), new TypeError("a bug"));
});

for (const software of [true, false]) {
  Deno.test(`axesFor() has sizes that can be trained, software: ${software}`, () => {
    for (const { name, points } of axesFor({ software })) {
      const sizes = points.map(({ n }) => n);
      deepEqual(sizes, [...new Set(sizes)].sort((a, b) => a - b), name);
      for (const { options } of points) resolveConfig({ out: "-", data: "-", ...options });
    }
  });
}
