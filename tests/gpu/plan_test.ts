import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { assertFits, bytesOf, costOf, mib, PlanRecorder } from "../../src/gpu/plan.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { brokenRules } from "../support/plan_rules.ts";

function dispatch(label: string, inputs: Tensor[], outputs: Tensor[]): Dispatch {
  return { label, source: "", entryPoint: "forward", inputs, outputs, workgroups: 1, flops: 10 };
}

/** A chain of `count` activations of 1 KiB, each made from the one before. */
function chain(count: number): PlanRecorder {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const weights = recorder.keep("parameters", [100], "weights");
  recorder.phase("accumulate");
  let x: Tensor = weights;
  for (let i = 0; i < count; i++) {
    const y = recorder.empty([256], `y${i}`);
    recorder.run(dispatch(`step ${i}`, [x], [y]));
    x = y;
  }
  return recorder;
}

Deno.test("PlanRecorder keeps dispatches by phase, in their order", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const x = recorder.keep("state", [4], "x");
  recorder.phase("begin");
  recorder.run(dispatch("a", [], [x]));
  recorder.phase("update");
  recorder.run(dispatch("b", [x], [x]));
  recorder.run(dispatch("c", [x], [x]));
  const { phases, kept } = recorder.finish();
  const labels = [...phases].map(([name, list]) => [name, ...list.map(({ label }) => label)]);
  deepEqual(labels, [["begin", "a"], ["update", "b", "c"]]);
  deepEqual(kept, [x.storage]);
});

Deno.test("PlanRecorder lets an activation live from its first write to its last use", () => {
  const { slots, peakActivationBytes } = chain(5).finish();
  const lives = slots.flatMap(({ members }) => members)
    .map(({ storage, first, last }) => [storage.label, first, last])
    .sort();
  const expected = [["y0", 0, 1], ["y1", 1, 2], ["y2", 2, 3], ["y3", 3, 4], ["y4", 4, 4]];
  deepEqual(lives, expected);
  equal(slots.length, 2);
  equal(peakActivationBytes, 2048);
});

Deno.test("PlanRecorder takes a view as a use of the whole storage", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  recorder.phase("accumulate");
  const x = recorder.empty([256], "x");
  recorder.run(dispatch("write", [], [x]));
  recorder.run(dispatch("other", [], [recorder.empty([4], "other")]));
  recorder.run(dispatch("read", [{ ...x, label: "part", shape: [64], offsetBytes: 256 }], []));
  const [slot] = recorder.finish().slots;
  deepEqual(slot.members.map(({ first, last }) => [first, last]), [[0, 2]]);
});

Deno.test("PlanRecorder uploads constants and keeps them", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const data = Uint32Array.of(0, 5, 7);
  const table = recorder.constant(data, [3], "offsets");
  const { constants, kept } = recorder.finish();
  deepEqual([table.dtype, table.storage.kind], ["u32", "constants"]);
  deepEqual(constants, [{ storage: table.storage, data }]);
  deepEqual(kept, [table.storage]);
});

Deno.test("PlanRecorder refuses to read what nothing wrote", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  recorder.phase("accumulate");
  const [x, y] = [recorder.empty([4], "x"), recorder.empty([4], "y")];
  throws(
    () => recorder.run(dispatch("add.forward", [x], [y])),
    new GpuError("Cannot record add.forward: it reads x, which nothing wrote"),
  );
});

Deno.test("PlanRecorder refuses an activation of another phase", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const x = recorder.empty([4], "x");
  recorder.phase("accumulate");
  recorder.run(dispatch("fill.forward", [], [x]));
  recorder.phase("update");
  throws(
    () => recorder.run(dispatch("add.forward", [x], [])),
    new GpuError('Cannot record add.forward: x belongs to phase "accumulate", not to "update"'),
  );
});

Deno.test("PlanRecorder wants a phase, and each only once", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  throws(
    () => recorder.run(dispatch("fill.forward", [], [])),
    new GpuError("Cannot record fill.forward: start a phase first"),
  );
  recorder.phase("begin");
  throws(
    () => recorder.phase("begin"),
    new GpuError('Cannot record phase "begin": it must be new, got a second one'),
  );
});

Deno.test("costOf() adds memory up by kind and tells scratch from activations", () => {
  const recorder = chain(3);
  const long = recorder.empty([1000], "long");
  recorder.run(dispatch("first", [], [long]));
  for (let i = 0; i < 10; i++) recorder.run(dispatch("between", [], []));
  recorder.run(dispatch("last", [long], []));
  const cost = costOf(recorder.finish());
  deepEqual(Object.fromEntries(cost.bytesByKind), {
    parameters: 400,
    activations: 4000,
    scratch: 1024,
  });
  equal(cost.totalBytes, 5424);
  deepEqual(cost.largest, { label: "long", kind: "activations", bytes: 4000 });
  equal(cost.flops, 150);
});

Deno.test("bytesOf() counts every binding once unless the dispatch says", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const [x, y] = [recorder.keep("state", [3, 5], "x"), recorder.keep("state", [7], "y")];
  equal(bytesOf(dispatch("a", [x], [y])), 88);
  equal(bytesOf({ ...dispatch("a", [x], [y]), bytes: 12 }), 12);
});

Deno.test("assertFits() says which buffer is too large for the adapter", () => {
  const recorder = new PlanRecorder({ ...DEFAULT_FACTS, name: "some GPU" });
  recorder.keep("optimizer", [64 * 2 ** 20], "exp_avg.0");
  throws(
    () => assertFits(recorder.finish()),
    new GpuError(
      "Cannot run this plan on some GPU: exp_avg.0 must take at most 128.0 MiB (the adapter's " +
        "limit for one buffer), got 256.0 MiB; lower method_args.output_dim or the model's width",
    ),
  );
});

Deno.test("assertFits() says how much memory is missing", () => {
  const recorder = new PlanRecorder({ ...DEFAULT_FACTS, name: "some GPU" });
  for (let i = 0; i < 3; i++) recorder.keep("parameters", [2 ** 20], `parameters.${i}`);
  const plan = recorder.finish();
  doesNotThrow(() => assertFits(plan));
  doesNotThrow(() => assertFits(plan, 12 * 2 ** 20));
  throws(
    () => assertFits(plan, 11.5 * 2 ** 20),
    new GpuError(
      "Cannot run this plan on some GPU: it needs 12.0 MiB, which is 0.5 MiB more than there is; " +
        "lower batch_size (and raise gradient_accumulation_steps by as much), transform_args." +
        "local_view.num_views or the model's size",
    ),
  );
});

Deno.test("brokenRules() finds memory that a dispatch both reads and writes", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const grads = recorder.keep("gradients", [256], "grads");
  const [a, b] = [0, 1].map((i) => ({
    ...grads,
    label: "ab"[i],
    shape: [64],
    offsetBytes: i * 256,
  }));
  const bias = { ...b, label: "bias", offsetBytes: 128 };
  recorder.phase("update");
  recorder.run(dispatch("fine", [], [a, b]));
  recorder.run(dispatch("reads", [a], [b]));
  recorder.run(dispatch("twice", [], [a, bias]));
  recorder.run({ ...dispatch("grid", [], [a]), workgroups: [70_000, 1] });
  deepEqual(brokenRules(recorder.finish()), [
    "reads: reads a in the buffer of b, which it writes",
    "twice: bias is not aligned",
    "twice: writes a and bias to the same memory",
    "grid: a grid of 70000,1,1",
  ]);
});

Deno.test("mib() shows bytes as people read them", () => {
  equal(mib(1.55 * 2 ** 20), "1.6 MiB");
});
