import { deepEqual, equal, ok } from "node:assert/strict";
import { costOf } from "../../src/gpu/plan.ts";
import { bytesOf } from "../../src/gpu/plan.ts";
import { stepProfile } from "../../src/profile/step_profile.ts";
import { madeRecord } from "../support/made_profile.ts";

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const near = (a: number, b: number) => ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a}, ${b}`);

Deno.test("a profile has every dispatch of the plan, and its FLOPs and bytes", () => {
  const record = madeRecord();
  const planned = [...record.plan.phases.values()].flat();
  const { dispatches, kernels, layers, parts, flops, gpuMs } = stepProfile(record);
  deepEqual(dispatches.map(({ name }) => name), planned.map(({ label }) => label));
  equal(flops, costOf(record.plan).flops);
  equal(gpuMs, planned.length); // a millisecond each
  for (const works of [dispatches, kernels, layers, parts]) {
    near(sum(works.map(({ dispatches }) => dispatches)), planned.length);
    near(sum(works.map(({ flops }) => flops)), flops);
    near(sum(works.map(({ bytes }) => bytes)), sum(planned.map(bytesOf)));
    near(sum(works.map(({ ms }) => ms)), gpuMs);
    near(sum(works.map(({ share }) => share)), 1);
  }
});

Deno.test("a profile tells blocks apart in parts, and takes them together in layers", () => {
  const { parts, layers } = stepProfile(madeRecord());
  const named = (works: { name: string }[], end: string) =>
    works.map(({ name }) => name).filter((name) => name.endsWith(end)).sort();
  deepEqual(named(parts, "attn.qkv"), [
    "student.backbone.blocks.0.attn.qkv",
    "student.backbone.blocks.1.attn.qkv",
    "teacher.backbone.blocks.0.attn.qkv",
    "teacher.backbone.blocks.1.attn.qkv",
  ]);
  deepEqual(named(layers, "attn.qkv"), [
    "student.backbone.blocks.*.attn.qkv",
    "teacher.backbone.blocks.*.attn.qkv",
  ]);
});

Deno.test("a micro-batch of a step counts as often as it runs", () => {
  const one = stepProfile(madeRecord());
  const three = stepProfile(madeRecord({ options: { gradient_accumulation_steps: 3 } }));
  const of = (profile: typeof one, phase: string) =>
    sum(profile.dispatches.filter((each) => each.phase === phase).map(({ ms }) => ms));
  near(of(three, "accumulate"), 3 * of(one, "accumulate"));
  near(of(three, "update"), of(one, "update"));
  equal(three.batchSize, 3 * one.batchSize);
});

Deno.test("a profile tells the host's share, and what it waits for", () => {
  const { plainStepMs, host, hostShare, dataWaitShare, imagesPerSecond, gapMs, gpuMs } =
    stepProfile(madeRecord());
  equal(plainStepMs, 1000);
  equal(imagesPerSecond, 4);
  deepEqual(host, {
    "data wait": 20,
    inputs: 2,
    writes: 3,
    encode: 4,
    submit: 1, // the shortest of them counts for both
    "submit wait": 400,
    "read back": 100,
    "between steps": 1,
  });
  near(hostShare, 0.011);
  near(dataWaitShare!, 0.02);
  near(gapMs, 1000 - gpuMs);
});

Deno.test("a profile tells how near planned memory is to the least there could be", () => {
  const record = madeRecord();
  const { memory } = stepProfile(record);
  const kept = sum(record.plan.kept.map(({ sizeBytes }) => sizeBytes));
  equal(memory.lowerBoundBytes, kept + record.plan.peakActivationBytes);
  equal(memory.plannedBytes, costOf(record.plan).totalBytes);
  ok(memory.overhead >= 0 && memory.overhead < 0.1, `${memory.overhead}`);
});
