import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import type { AdapterFacts } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { type KernelSource, LinkedKernel, wgslOf } from "../../src/gpu/kernel.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import { classAttention } from "../../src/ops/class_attention.ts";
import { labelCrossEntropy } from "../../src/ops/label_cross_entropy.ts";
import { sgd } from "../../src/ops/sgd.ts";
import { topK } from "../../src/ops/top_k.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";

const TINY = {
  out: "-",
  data: "-",
  batch_size: 2,
  transform_args: { image_size: 32, local_view: { num_views: 2, view_size: 16 } },
};
const HEAD = { output_dim: 64, hidden_dim: 32, dino_bottleneck_dim: 16 };

/** Steps that between them call every kernel of training. */
const STEPS: TrainOptions[] = [
  {
    ...TINY,
    model: "dinov2/vittest",
    model_args: { depth: 1, drop_path_rate: 0.2 },
    // Enough prototypes for a sum over them to be shared out among workgroups.
    method_args: { ...HEAD, center_method: "softmax", output_dim: 2048 },
    transform_args: { ...TINY.transform_args, random_rotation: {} },
  },
  {
    ...TINY,
    model: "dinov2/vittest",
    model_args: { depth: 1, ffn_layer: "swiglufused", num_register_tokens: 2, init_values: null },
    method_args: { ...HEAD, center_method: "sinkhorn_knopp", ibot_separate_head: true },
  },
];

/** Kinds of adapter that ops choose a variant of their kernel by. */
const KINDS: Partial<AdapterFacts>[] = [
  { kernels: "cpu", subgroupSize: 8 },
  { kernels: "gpu", subgroupSize: 32 },
  { kernels: "gpu", subgroupSize: 0 },
];

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
function distinctDispatches(adapter: AdapterFacts): Dispatch[] {
  const found = new Map<string, Dispatch>();
  const add = (dispatch: Dispatch) => {
    const { source, entryPoint, constants } = dispatch;
    found.set(JSON.stringify([wgslOf(source, "f32"), entryPoint, constants]), dispatch);
  };
  for (const options of STEPS) {
    const config = resolveConfig(options);
    const shape = stepShape(config);
    for (const kind of KINDS) {
      const { plan } = recordStep({ ...adapter, ...kind }, shape, config.transform_args);
      [...plan.phases.values()].flat().forEach(add);
    }
  }
  evaluationDispatches(adapter).forEach(add);
  return [...found.values()];
}

/** Compiles dispatches and returns what the compiler says of each that fails. */
async function failuresOf(device: GPUDevice, elem: "f32" | "f16", dispatches: Dispatch[]) {
  const modules = new Map<KernelSource, GPUShaderModule>();
  const failures: string[] = [];
  for (const { label, source, entryPoint, constants } of dispatches) {
    device.pushErrorScope("validation");
    const code = wgslOf(source, elem);
    const module = modules.get(source) ?? device.createShaderModule({ label, code });
    modules.set(source, module);
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

Deno.test("the steps and evaluations compiled here run every kernel file", async () => {
  using gpu = await Gpu.open();
  const used = distinctDispatches(gpu.adapter).map(({ source }) => source);
  const folder = fileURLToPath(new URL("../../kernels/", import.meta.url));
  const unused = readdirSync(folder).filter((file) => file.endsWith(".wgsl")).filter((file) => {
    const text = readFileSync(folder + file, "utf8");
    // Two files may be one module.
    return !used.some((source) =>
      source instanceof LinkedKernel ? source.root === text : source.includes(text)
    );
  });
  deepEqual(unused, []);
});
