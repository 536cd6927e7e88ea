import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadDawn } from "../../src/deps/webgpu.ts";
import { acceptKernels } from "../../src/gpu/dawn.ts";
import { type AdapterFacts, DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { LinkedKernel, wgslOf } from "../../src/gpu/kernel.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import { classAttention } from "../../src/ops/class_attention.ts";
import { labelCrossEntropy } from "../../src/ops/label_cross_entropy.ts";
import { sgd } from "../../src/ops/sgd.ts";
import { topK } from "../../src/ops/top_k.ts";
import { recordStep } from "../../src/training/run_setup.ts";
import { ADAPTER_KINDS, stepOf, STEPS } from "../support/every_kernel.ts";

/** What evaluations run, and no step of training does. */
function evaluationDispatches(adapter: AdapterFacts): Dispatch[] {
  const recorder = new PlanRecorder(adapter);
  const kept = (name: string, shape: number[]) => recorder.keep("state", shape, name);
  recorder.phase("evaluation");
  classAttention(recorder, kept("qkv", [10, 3 * 16]), { sequences: 2, numHeads: 2 });
  const labels = recorder.keep("state", [3], "labels", "u32");
  labelCrossEntropy(recorder, kept("logits", [6, 4]), labels, kept("weights", [3]));
  const [values, velocity, grads] = ["values", "velocity", "grads"]
    .map((name) => kept(name, [2, 8]));
  sgd(recorder, {
    values,
    velocity,
    grads,
    lr: kept("lr", [2]),
    factor: kept("factor", [1]),
    momentum: 0.9,
  });
  topK(recorder, kept("similarities", [2, 40]), 3);
  return [...recorder.finish().phases.values()].flat();
}

/** The dispatches of steps and evaluations, one for each module, entry point and set of constants. */
function distinctDispatches(adapter: AdapterFacts, kinds = ADAPTER_KINDS): Dispatch[] {
  const found = new Map<string, Dispatch>();
  const add = (dispatch: Dispatch) => {
    const { source, entryPoint, constants } = dispatch;
    found.set(JSON.stringify([wgslOf(source, "f32"), entryPoint, constants]), dispatch);
  };
  for (const options of STEPS) {
    const { shape, views } = stepOf(options);
    for (const kind of kinds) {
      for (const elem of ["f32", "f16"] as const) {
        const { plan } = recordStep({ ...adapter, ...kind }, { ...shape, elem }, views);
        [...plan.phases.values()].flat().forEach(add);
      }
    }
  }
  evaluationDispatches(adapter).forEach(add);
  return [...found.values()];
}

/** Compiles dispatches and returns what the compiler says of each that fails. */
async function failuresOf(device: GPUDevice, elem: "f32" | "f16", dispatches: Dispatch[]) {
  const modules = new Map<string, GPUShaderModule>();
  const failures: string[] = [];
  for (const { label, source, entryPoint, constants } of dispatches) {
    device.pushErrorScope("validation");
    const code = wgslOf(source, elem);
    const module = modules.get(code) ?? device.createShaderModule({ label, code });
    modules.set(code, module);
    const compute = { module, entryPoint, constants: constants ?? {} };
    device.createComputePipeline({ label, layout: "auto", compute });
    const error = await device.popErrorScope();
    if (error) failures.push(`${label}: ${error.message}`);
  }
  return failures;
}

Deno.test("every kernel compiles, whatever elements are stored as", async (t) => {
  using gpu = await Gpu.open();
  const dispatches = distinctDispatches(gpu.adapter);
  ok(dispatches.length > 40, `only ${dispatches.length} pipelines`);
  for (const elem of ["f32", "f16"] as const) {
    const ignore = elem === "f16" && !gpu.adapter.shaderF16;
    await t.step({
      name: elem,
      ignore,
      fn: async () => equal((await failuresOf(gpu.device, elem, dispatches)).join("\n"), ""),
    });
  }
});

Deno.test({
  name: "kernels for GPUs compile with Dawn, which proves that all lanes come to each barrier",
  // Loads 130 MB: DENODINO_TEST_DAWN=1 deno test -A --no-lock tests/gpu/pipelines_test.ts
  ignore: !Deno.env.has("DENODINO_TEST_DAWN"),
  sanitizeOps: false, // Dawn's instance lives as long as the process
  sanitizeResources: false,
  async fn() {
    // A device that computes nothing: only the compiler is asked.
    const dawn = (await loadDawn()).create(["backend=null"]);
    const adapter = await dawn.requestAdapter();
    const requiredFeatures = ["shader-f16", "subgroups"] as GPUFeatureName[];
    const device = acceptKernels(await adapter!.requestDevice({ requiredFeatures }));
    const kinds = ADAPTER_KINDS.filter(({ kernels }) => kernels === "gpu");
    const dispatches = distinctDispatches(DEFAULT_FACTS, kinds);
    for (const elem of ["f32", "f16"] as const) {
      equal((await failuresOf(device, elem, dispatches)).join("\n"), "");
    }
  },
});

Deno.test("the steps and evaluations compiled here run every kernel file", async () => {
  using gpu = await Gpu.open();
  const used = distinctDispatches(gpu.adapter).map(({ source }) => source);
  const folder = fileURLToPath(new URL("../../kernels/", import.meta.url));
  const unused = readdirSync(folder).filter((file) => file.endsWith(".wgsl")).filter((file) => {
    const text = readFileSync(folder + file, "utf8");
    // Two files may be one module.
    return !used.some((source) =>
      source instanceof LinkedKernel ? source.root.includes(text) : source.includes(text)
    );
  });
  deepEqual(unused, []);
});
