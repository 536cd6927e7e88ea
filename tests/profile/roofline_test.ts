import { deepEqual, equal } from "node:assert/strict";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import { groupWork, type TimedWork, workOf } from "../../src/profile/roofline.ts";

const LIMITS = { gflops: 100, gigabytesPerSecond: 10 };

function timed(ms: number, flops: number, bytes: number, times = 1): TimedWork {
  const dispatch: Dispatch = {
    label: "a.forward",
    source: "",
    entryPoint: "forward",
    inputs: [],
    outputs: [],
    workgroups: 1,
    flops,
    bytes,
  };
  return { dispatch, ms, times };
}

Deno.test("workOf() holds work against the limit that it meets first", () => {
  // 1 GFLOP takes 10 ms at least, 10 MB take 1 ms.
  const bound = workOf("a", [timed(12.5, 1e9, 1e7)], 50, LIMITS);
  deepEqual(bound, {
    name: "a",
    dispatches: 1,
    ms: 12.5,
    share: 0.25,
    flops: 1e9,
    bytes: 1e7,
    gflops: 80,
    gigabytesPerSecond: 0.8,
    limitShare: 0.8,
    roof: "arithmetic",
    blame: "arithmetic",
  });
  const moving = workOf("a", [timed(2, 0, 1e7)], 2, LIMITS);
  deepEqual([moving.limitShare, moving.roof, moving.blame], [0.5, "memory", "memory"]);
  const slow = workOf("a", [timed(100, 1e9, 1e7)], 100, LIMITS);
  deepEqual([slow.limitShare, slow.roof, slow.blame], [0.1, "arithmetic", "kernel"]);
});

Deno.test("workOf() adds dispatches up, each with its own limit", () => {
  const both = workOf("a", [timed(10, 1e9, 0), timed(10, 0, 1e8, 2)], 40, LIMITS);
  equal(both.dispatches, 3);
  deepEqual([both.ms, both.share, both.bytes], [20, 0.5, 2e8]);
  equal(both.limitShare, (10 + 20) / 20);
});

Deno.test("workOf() without limits, and of nothing that took time", () => {
  const { limitShare, roof, blame } = workOf("a", [timed(1, 1, 1)], 1, null);
  deepEqual([limitShare, roof, blame], [null, null, null]);
  const none = workOf("a", [timed(0, 1, 1)], 0, LIMITS);
  deepEqual([none.share, none.gflops, none.limitShare], [0, 0, null]);
});

Deno.test("groupWork() begins with what took longest", () => {
  const groups = groupWork(
    [timed(1, 0, 1), timed(5, 0, 1), timed(3, 0, 1)],
    (_, i) => i === 1 ? "b" : "a",
    LIMITS,
  );
  deepEqual(groups.map(({ name, ms, share }) => [name, ms, share]), [["b", 5, 5 / 9], [
    "a",
    4,
    4 / 9,
  ]]);
});
