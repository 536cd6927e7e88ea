import { deepEqual, equal, ok } from "node:assert/strict";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { recordStep } from "../../src/training/run_setup.ts";
import { mistypedBindings } from "../support/binding_types.ts";
import { ADAPTER_KINDS, stepOf, STEPS } from "../support/every_kernel.ts";

Deno.test("every tensor of a step is stored as its kernel reads it", async (t) => {
  for (const elem of ["f32", "f16"] as const) {
    await t.step(elem, () => {
      const found = new Set<string>();
      let count = 0;
      for (const options of STEPS) {
        const { shape, views } = stepOf(options);
        for (const kind of ADAPTER_KINDS) {
          const facts = { ...DEFAULT_FACTS, ...kind };
          const { plan } = recordStep(facts, { ...shape, elem }, views, ["student", "teacher"]);
          for (const dispatch of [...plan.phases.values()].flat()) {
            mistypedBindings(dispatch).forEach((each) => found.add(each));
            count++;
          }
        }
      }
      ok(count > 400, `only ${count} dispatches`);
      deepEqual([...found], []);
    });
  }
});

Deno.test("mistypedBindings() sees a tensor of another type, and lets a stand-in be", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS, "f16");
  const source = `
    @group(0) @binding(1) var<storage, read> x: array<elem>;
    @group(0) @binding(2) var<storage, read> bias: array<f32>;
    @group(0) @binding(3) var<storage, read_write> y: array<vec4<elem>>;
    fn sum() -> f32 { return f32(x[0]) + bias[0]; }
    fn forward() { y[0] = vec4<elem>(sum()); }
  `;
  const [half, bias, y] = (["f16", "f32", "f16"] as const)
    .map((dtype, i) => recorder.keep("state", [4], `tensor ${i}`, dtype));
  const dispatch = (inputs: typeof half[]) => ({
    label: "made.forward",
    source,
    entryPoint: "forward",
    elem: "f16" as const,
    inputs,
    outputs: [y],
    workgroups: 1,
  });
  deepEqual(mistypedBindings(dispatch([half, bias])), []);
  deepEqual(mistypedBindings(dispatch([half, half])), []); // no bias
  equal(
    mistypedBindings(dispatch([bias, recorder.keep("state", [4], "b")]))[0],
    "made.forward: binding 1 is elem, got tensor 1 of f32",
  );
});
