import { deepEqual, equal, ok } from "node:assert/strict";
import { chromeTrace } from "../../src/profile/chrome_trace.ts";
import { madeRecord } from "../support/made_profile.ts";

Deno.test("chromeTrace() has a track for each phase, and one for the host", () => {
  const record = madeRecord();
  const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(record)));
  const names = traceEvents.filter(({ name }: { name: string }) => /_name$/.test(name));
  deepEqual(
    names.map(({ ph, pid, tid, args }: Record<string, { name: string }>) => [
      ph,
      pid,
      tid,
      args.name,
    ]),
    [
      ["M", 1, 0, "GPU: made, by timestamps"],
      ["M", 1, 1, "begin"],
      ["M", 1, 2, "accumulate"],
      ["M", 1, 3, "update"],
      ["M", 2, 0, "host"],
      ["M", 2, 1, "training thread"],
    ],
  );
});

Deno.test("chromeTrace() has every dispatch and everything the host did, in microseconds", () => {
  const record = madeRecord();
  const { traceEvents } = chromeTrace(record);
  const spans = traceEvents.filter(({ ph }) => ph === "X");
  const [gpu, host] = [1, 2].map((process) => spans.filter(({ pid }) => pid === process));
  equal(gpu.length, record.dispatches.length);
  equal(host.length, record.timed.host.length);
  deepEqual(host.slice(0, 2).map(({ name, ts, dur }) => [name, ts, dur]), [
    ["data wait", 0, 30_000],
    ["encode", 30_000, 6000],
  ]);
  deepEqual([gpu[0].name, gpu[0].ts, gpu[0].dur], ["fill.forward gradients.0", 36_000, 1000]);
  for (const { ts, dur } of spans) ok(ts! >= 0 && dur! >= 0);
  const product = gpu.find(({ name }) => name.startsWith("matmul"))!;
  ok(product.args!.part);
  equal(product.args!.gflops, Number((Number(product.args!.flops) / 1e6).toFixed(3)));
});
