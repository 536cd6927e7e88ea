import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { Parameter } from "../../src/layers/parameter.ts";
import { initialBuffer, initialValues } from "../../src/model/initial_values.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

function tinyStep() {
  return recordStep(
    DEFAULT_FACTS,
    stepShape(resolveConfig({ ...TINY_RUN, out: "-", data: "-" })),
  ).step;
}

/** Mean, deviation, and largest magnitude. */
function statistics(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { mean, std: Math.sqrt(variance), largest };
}

function close(actual: number, expected: number, tolerance: number, what: string) {
  ok(Math.abs(actual - expected) <= tolerance, `${what}: got ${actual}, expected ${expected}`);
}

Deno.test("initialValues() depend on seed, network and name alone", () => {
  const parameter = new Parameter("dino_head.mlp.0.weight", [8, 8], { kind: "normal", std: 1 });
  const values = initialValues(parameter, 3, "student");
  deepEqual(initialValues(parameter, 3, "student"), values);
  notDeepEqual(initialValues(parameter, 4, "student"), values);
  const other = new Parameter("dino_head.mlp.2.weight", [8, 8], { kind: "normal", std: 1 });
  notDeepEqual(initialValues(other, 3, "student"), values);
});

Deno.test("initialValues() start both backbones alike and the heads apart", () => {
  for (const [name, alike] of [["backbone.norm.w", true], ["dino_head.mlp.0.w", false]] as const) {
    const parameter = new Parameter(name, [64], { kind: "normal", std: 1 });
    const [student, teacher] = (["student", "teacher"] as const)
      .map((network) => initialValues(parameter, 0, network));
    equal(student.every((value, i) => value === teacher[i]), alike, name);
  }
});

Deno.test("initialValues() have the distribution that the layer asks for", () => {
  const draw = (init: Parameter["init"]) =>
    statistics(initialValues(new Parameter("x", [100_000], init), 0, "student"));
  deepEqual(draw({ kind: "constant", value: 0.25 }), { mean: 0.25, std: 0, largest: 0.25 });
  const normal = draw({ kind: "normal", std: 1e-6 });
  close(normal.std, 1e-6, 2e-8, "deviation of normal");
  const truncated = draw({ kind: "truncatedNormal", std: 0.02 });
  close(truncated.std, 0.02, 2e-4, "deviation of truncated normal");
  close(truncated.mean, 0, 3e-4, "mean of truncated normal");
  const uniform = draw({ kind: "uniform", bound: 0.5 });
  close(uniform.std, 0.5 / Math.sqrt(3), 3e-3, "deviation of uniform");
  ok(uniform.largest <= 0.5);
});

Deno.test("the parameters of a model start as DINOv2 starts them", () => {
  const { student } = tinyStep().networks;
  const inits = new Map(student.set.parameters.map(({ name, init }) => [name, init]));
  const init = (name: string) => inits.get(name);
  deepEqual(init("backbone.pos_embed"), { kind: "truncatedNormal", std: 0.02 });
  deepEqual(init("backbone.cls_token"), { kind: "normal", std: 1e-6 });
  deepEqual(init("backbone.register_tokens"), { kind: "normal", std: 1e-6 });
  deepEqual(init("backbone.mask_token"), { kind: "constant", value: 0 });
  deepEqual(init("backbone.patch_embed.proj.weight"), {
    kind: "uniform",
    bound: 1 / Math.sqrt(192),
  });
  deepEqual(init("backbone.blocks.0.attn.qkv.weight"), { kind: "truncatedNormal", std: 0.02 });
  deepEqual(init("backbone.blocks.0.attn.qkv.bias"), { kind: "constant", value: 0 });
  deepEqual(init("backbone.blocks.1.ls1.gamma"), { kind: "constant", value: 1e-5 });
  deepEqual(init("backbone.norm.weight"), { kind: "constant", value: 1 });
  deepEqual(init("dino_head.mlp.0.weight"), { kind: "truncatedNormal", std: 0.02 });
  deepEqual(init("dino_head.last_layer.weight_g"), { kind: "constant", value: 1 });
});

Deno.test("initialBuffer() puts every member at its offset and zeros between", () => {
  const [buffers] = tinyStep().networks.buffers;
  const flat = initialBuffer(buffers, 5, "teacher");
  equal(flat.length, elementCount(buffers.values.shape));
  const untouched = flat.slice();
  for (const { parameter, offset } of buffers.members) {
    const values = initialValues(parameter, 5, "teacher");
    deepEqual(flat.subarray(offset, offset + values.length), values);
    untouched.fill(0, offset, offset + values.length);
  }
  deepEqual(untouched, new Float32Array(flat.length));
});
