import { deepEqual, equal, throws } from "node:assert/strict";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { StepInputs } from "../../src/training/step_inputs.ts";

function someInputs(): StepInputs {
  const inputs = new StepInputs();
  inputs.add("temp", [1]);
  inputs.add("masks", [70], "u32");
  inputs.add("weights", [3]);
  inputs.allocate(new PlanRecorder(DEFAULT_FACTS));
  return inputs;
}

Deno.test("StepInputs gives each entry an aligned part of one buffer", () => {
  const inputs = someInputs();
  const entries = ["temp", "masks", "weights"].map((name) => inputs.tensor(name));
  deepEqual(entries.map(({ offsetBytes }) => offsetBytes), [0, 256, 768]);
  deepEqual(entries.map(({ dtype }) => dtype), ["f32", "u32", "f32"]);
  equal(entries.every(({ storage }) => storage === inputs.whole.storage), true);
  deepEqual([inputs.whole.shape, inputs.whole.storage.kind], [[256], "inputs"]);
  equal(inputs.values.byteLength, inputs.whole.storage.sizeBytes);
});

Deno.test("StepInputs sets the leading values of an entry and zeroes the rest", () => {
  const inputs = someInputs();
  inputs.set("weights", [1, 2, 3]);
  inputs.set("weights", [0.5]);
  inputs.set("masks", Uint32Array.of(7, 0xffff_ffff));
  inputs.set("temp", [4]);
  deepEqual([...inputs.mirror("weights")], [0.5, 0, 0]);
  deepEqual([...inputs.values.subarray(192, 196)], [0.5, 0, 0, 0]);
  const { values } = inputs;
  deepEqual(new Uint32Array(values.buffer, 256, 3), Uint32Array.of(7, 0xffff_ffff, 0));
  equal(values[0], 4);
});

Deno.test("StepInputs refuses more values than an entry holds", () => {
  throws(
    () => someInputs().set("weights", [1, 2, 3, 4]),
    new RangeError("Cannot set step input weights: it must have at most 3 values, got 4"),
  );
});

Deno.test("StepInputs names an entry that is not there, and wants memory first", () => {
  throws(
    () => someInputs().tensor("other"),
    new Error("Cannot find step input other: add it first"),
  );
  throws(() => new StepInputs().whole, new Error("Cannot use step inputs: allocate them first"));
});
