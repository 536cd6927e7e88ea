import { deepEqual, equal, ok } from "node:assert/strict";
import { openDevice } from "../../src/gpu/device.ts";
import { elementCount, type Tensor } from "../../src/gpu/tensor.ts";
import { LOSS_SCALE_SIZE } from "../../src/ops/loss_scale.ts";
import type { StepShape } from "../../src/training/step_shape.ts";
import { assertAllClose } from "../support/arrays.ts";
import { tinyBatch, type TinyOptions, tinyShape, TinyStep } from "../support/tiny_step.ts";

const CASES: Record<string, TinyOptions> = {
  "width 30 in 3 heads, 101 prototypes": {},
  "registers, SwiGLU, separate iBOT head, Sinkhorn": {
    model: { num_register_tokens: 2, ffn_layer: "swiglufused", embed_dim: 28, num_heads: 2 },
    method: { ibot_separate_head: true, center_method: "sinkhorn_knopp" },
    shape: { localViews: 0, batchSize: 2 },
  },
  "drop path, a layer on top, no layer scale, activations computed twice": {
    model: { drop_path_rate: 0.3, init_values: null },
    shape: { embedDim: 14, recomputeBlocks: 1 },
  },
};

/** Largest relative error of a number that is rounded to f16. */
const U = 2 ** -11;

const open = await openDevice();
const ignore = !open.facts.shaderF16;
open.close();

function setScale(tiny: TinyStep, scale: number): void {
  const state = new Float32Array(LOSS_SCALE_SIZE);
  state[0] = scale;
  tiny.write(tiny.step.lossScale!, state);
}

/** Gradients by name, of a step that was fed the same as any other. */
async function gradientsOf(shape: StepShape, scale: number): Promise<Map<string, Float32Array>> {
  using tiny = await TinyStep.open(shape);
  tiny.feed(1, tinyBatch(shape, 7));
  if (tiny.step.lossScale) setScale(tiny, scale);
  tiny.run("begin", "accumulate");
  const found = new Map<string, Float32Array>();
  for (const { members, grads } of tiny.step.networks.buffers) {
    const flat = await tiny.download(grads);
    for (const { parameter: { name, shape }, offset } of members) {
      found.set(name, flat.slice(offset, offset + elementCount(shape)).map((g) => g / scale));
    }
  }
  return found;
}

function norm(values: Float32Array): number {
  return Math.hypot(...values);
}

Deno.test({
  name: "gradients of 16-mixed are those of 32-true, but for rounding",
  ignore,
  fn: async (t) => {
    for (const [name, options] of Object.entries(CASES)) {
      await t.step(name, async () => {
        const shape = tinyShape(options);
        const exact = await gradientsOf(shape, 1);
        const mixed = await gradientsOf({ ...shape, elem: "f16" }, 256);
        deepEqual([...mixed.keys()].sort(), [...exact.keys()].sort());
        const largest = Math.max(...[...exact.values()].map(norm));
        for (const [parameter, gradient] of exact) {
          const off = mixed.get(parameter)!.map((g, i) => g - gradient[i]);
          // A few dozen roundings on the way; the bias of the keys has a true gradient of 0.
          const allowed = 16 * U * norm(gradient) + U / 4 * largest / Math.sqrt(exact.size);
          ok(norm(off) <= allowed, `${parameter}: ${norm(off)} off, of ${norm(gradient)}`);
        }
      });
    }
  },
});

/** Everything that a step leaves behind. */
async function stateOf(tiny: TinyStep): Promise<Record<string, Float32Array>> {
  const { networks, metrics, lossScale, dinoCenter } = tiny.step;
  const parts = networks.buffers.flatMap(({ values, teacher, expAvg, expAvgSq, working }) =>
    [values, teacher, expAvg, expAvgSq, working?.values, working?.teacher]
      .filter((part): part is Tensor => part !== undefined)
  );
  const state: Record<string, Float32Array> = {};
  for (const tensor of [...parts, metrics, lossScale!, dinoCenter]) {
    state[tensor.label] = await tiny.download(tensor);
  }
  return state;
}

Deno.test({
  name: "a step whose gradients are not finite is skipped, but the teacher follows",
  ignore,
  fn: async () => {
    const shape = tinyShape({ shape: { elem: "f16" } });
    using tiny = await TinyStep.open(shape);
    setScale(tiny, 2 ** 24);
    const before = await stateOf(tiny);
    tiny.feed(0, tinyBatch(shape, 7));
    tiny.run("begin", "accumulate", "update");
    const after = await stateOf(tiny);
    for (const { values, expAvg, expAvgSq, teacher } of tiny.step.networks.buffers) {
      for (const { label } of [values, expAvg, expAvgSq]) deepEqual(after[label], before[label]);
      const { momentum } = tiny.schedules.at(0);
      const student = before[values.label];
      const followed = before[teacher.label].map((t, i) =>
        momentum * t + (1 - momentum) * student[i]
      );
      assertAllClose(after[teacher.label], followed, { atol: 1e-6 });
    }
    const metrics = await tiny.metrics();
    equal(metrics.skipped, 1);
    equal(metrics.loss_scale, 2 ** 24);
    ok(Number.isFinite(metrics.total));
    deepEqual([...after.loss_scale].slice(0, 3), [2 ** 23, 0, 1]);

    setScale(tiny, 256);
    tiny.run("begin", "accumulate", "update");
    equal((await tiny.metrics()).skipped, 0);
    const [{ values }] = tiny.step.networks.buffers;
    ok((await tiny.download(values)).some((value, i) => value !== before[values.label][i]));
  },
});

Deno.test({
  name: "steps of 16-mixed repeat their bits, as a plan and on a live device",
  ignore,
  fn: async () => {
    const shape = tinyShape({ model: { drop_path_rate: 0.3 }, shape: { elem: "f16" } });
    const states = [];
    for (const kind of ["plan", "plan", "live"] as const) {
      using tiny = await TinyStep.open(shape, { kind });
      for (const step of [0, 1, 2]) {
        tiny.feed(step, tinyBatch(shape, 10 * step));
        tiny.run("begin", "accumulate", "update");
      }
      states.push(await stateOf(tiny));
    }
    deepEqual(states[1], states[0]);
    deepEqual(states[2], states[0]);
  },
});

Deno.test({
  name: "a step of 16-mixed on a GPU's kernels gives what it gives on a CPU's",
  ignore,
  fn: async () => {
    const shape = tinyShape({ shape: { elem: "f16" } });
    const totals: number[] = [];
    for (const kernels of ["cpu", "gpu"] as const) {
      using tiny = await TinyStep.open(shape, { facts: { kernels } });
      tiny.feed(1, tinyBatch(shape, 7));
      setScale(tiny, 256);
      tiny.run("begin", "accumulate", "update");
      const { total, grad_norm } = await tiny.metrics();
      totals.push(total, grad_norm);
    }
    assertAllClose(totals.slice(2), totals.slice(0, 2), { rtol: U });
  },
});
