import { deepEqual } from "node:assert/strict";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Choice, Recorder } from "../../src/gpu/recorder.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { planOfChoice } from "../../src/tuning/stand_ins.ts";

function dispatch(gpu: Recorder, label: string, inputs: Tensor[], outputs: Tensor[]): void {
  gpu.run({ label, source: "", entryPoint: "main", inputs, outputs, workgroups: 1 });
}

Deno.test("planOfChoice() names each row once in tables that nobody knows yet", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  recorder.phase("work");
  const rows = recorder.empty([3], "rows", "u32");
  const pairs = recorder.empty([3, 2], "rows and factors", "u32");
  const known = recorder.constant(Uint32Array.of(7, 5), [2], "known");
  dispatch(recorder, "tables", [], [rows, pairs]);
  const choice: Choice = {
    key: "any",
    variants: [{ name: "one" }, { name: "other" }],
    record: (gpu) => {
      const y = gpu.empty([1], "y");
      dispatch(gpu, "read", [rows, pairs, known], [y]);
    },
  };
  recorder.choose(choice);
  const { plan, unknown } = planOfChoice(recorder.finish(), choice);
  const tables = plan.constants.map(({ data }) => [...data]);
  deepEqual(tables, [[0, 1, 2], [0, 0, 1, 1, 2, 2], [7, 5]]);
  deepEqual(unknown, []);
  deepEqual([...plan.phases.keys()], ["one", "other"]);
});
