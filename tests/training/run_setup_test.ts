import { deepEqual, equal, ok } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { type AdapterFacts, DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { costOf } from "../../src/gpu/plan.ts";
import { LOGITS_BUDGET_BYTES } from "../../src/losses/prototype_loss.ts";
import { plan } from "../../src/training/plan_report.ts";
import { PHASES, recordStep, stepShape } from "../../src/training/run_setup.ts";
import { tokensPerCrop } from "../../src/training/step_shape.ts";
import { brokenRules } from "../support/plan_rules.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

function shapeOf(options: Omit<TrainOptions, "out" | "data">, batchSize?: number) {
  return stepShape(resolveConfig({ out: "-", data: "-", ...options }), batchSize);
}

Deno.test("stepShape() takes sizes from the settings and bounds the masked patches", () => {
  const shape = shapeOf({ model: "dinov2/vits14-notpretrained", batch_size: 64 });
  deepEqual([shape.batchSize, shape.localViews, shape.accumulationSteps], [64, 8, 1]);
  deepEqual([shape.globalSize, shape.localSize], [[224, 224], [98, 98]]);
  deepEqual(tokensPerCrop(shape), { global: 261, local: 54 }); // four registers
  // 64 of 128 crops are asked; their upper bounds rise evenly to half of 256 patches.
  ok(shape.maxMasked <= 64 * 128 && shape.maxMasked >= 64 * 0.3 * 256, `${shape.maxMasked}`);
});

Deno.test("stepShape() of a run without local views, of few images", () => {
  const none = { ...TINY_RUN, transform_args: { image_size: 32, local_view: null } };
  const shape = shapeOf(none, 3);
  deepEqual([shape.batchSize, shape.localViews, shape.localSize], [3, 0, [32, 32]]);
});

Deno.test("stepShape() has a model of as many channels as the views", () => {
  const inChans = (transform_args: TrainOptions["transform_args"]) =>
    shapeOf({ ...TINY_RUN, transform_args: { ...TINY_RUN.transform_args, ...transform_args } })
      .model.inChans;
  equal(inChans({}), 3);
  equal(inChans({ num_channels: 4 }), 4);
  equal(inChans({ channel_drop: { num_channels_keep: 2, weight_drop: [1, 1, 0] } }), 2);
});

Deno.test("recordStep() records the three phases and shares buffers among activations", () => {
  const { plan } = recordStep(DEFAULT_FACTS, shapeOf(TINY_RUN));
  deepEqual([...plan.phases.keys()], [...PHASES]);
  ok([...plan.phases.values()].every((list) => list.length > 0));
  const members = plan.slots.reduce((sum, slot) => sum + slot.members.length, 0);
  ok(plan.slots.length < members / 2, `${plan.slots.length} buffers for ${members} activations`);
  const { bytesByKind, flops } = costOf(plan);
  ok(flops > 0);
  const kinds = ["parameters", "gradients", "teacher"] as const;
  const [size] = kinds.map((kind) => bytesByKind.get(kind)!);
  ok(kinds.every((kind) => bytesByKind.get(kind) === size));
  equal(bytesByKind.get("optimizer"), 2 * size);
});

Deno.test("recordStep() of a ViT-g at batch 32 is made here, and never holds full logits", () => {
  const shape = shapeOf({ model: "dinov2/vitg14-notpretrained", batch_size: 32 });
  const { plan, step } = recordStep(DEFAULT_FACTS, shape);
  const logits = plan.slots.flatMap(({ members }) => members)
    .filter(({ storage }) => storage.label.includes("logits"));
  ok(logits.length > 0);
  const largest = Math.max(...logits.map(({ storage }) => storage.sizeBytes));
  ok(largest <= LOGITS_BUDGET_BYTES, `${largest} bytes of logits`);
  // Parameters are cut between tensors, never within one: only a tensor alone may pass the limit.
  const { maxBindingBytes } = plan.adapter;
  for (const { values, members } of step.networks.buffers) {
    ok(members.length === 1 || values.storage.sizeBytes <= maxBindingBytes);
  }
  ok(plan.peakActivationBytes > 2 ** 30);
});

/** What a large discrete GPU and lavapipe say of themselves. */
const ADAPTERS: Record<string, AdapterFacts> = {
  "a large GPU": {
    ...DEFAULT_FACTS,
    subgroupSize: 32,
    maxBindingBytes: 2 ** 31 - 1,
    maxBufferBytes: 2 ** 40,
    maxStorageBuffers: 64,
    maxWorkgroupBytes: 49_152,
    maxWorkgroupLanes: 1024,
  },
  "a software adapter": {
    ...DEFAULT_FACTS,
    software: true,
    kernels: "cpu",
    subgroupSize: 8,
    maxBindingBytes: 2 ** 31 - 1,
    maxBufferBytes: 2 ** 31 - 1,
  },
};

/** Large steps, and every optional part of a model and a method at least once. */
const STEPS: Omit<TrainOptions, "out" | "data">[] = [
  { model: "dinov2/vits14-notpretrained", batch_size: 64 },
  {
    model: "dinov2/vitl14-notpretrained",
    batch_size: 128,
    method_args: {
      output_dim: 131_072,
      center_method: "sinkhorn_knopp",
      ibot_separate_head: true,
    },
  },
  { model: "dinov2/vitg14-notpretrained", batch_size: 64, gradient_accumulation_steps: 2 },
  { ...TINY_RUN, model_args: { ...TINY_RUN.model_args, init_values: null, drop_path_rate: 0.3 } },
  { ...TINY_RUN, transform_args: { image_size: 32, local_view: null, random_rotation: {} } },
];

Deno.test("recordStep() keeps to what every WebGPU implementation allows", async (t) => {
  for (const [name, facts] of Object.entries(ADAPTERS)) {
    for (const options of STEPS) {
      await t.step(`${options.model}, batch ${options.batch_size}, on ${name}`, () => {
        const config = resolveConfig({ out: "-", data: "-", ...options });
        for (const elem of ["f32", "f16"] as const) {
          const shape = { ...stepShape(config), elem };
          const { plan } = recordStep(facts, shape, config.transform_args);
          deepEqual(brokenRules(plan), []);
        }
      });
    }
  }
});

Deno.test("activations of 16-mixed take half the bytes", () => {
  const options = { ...TINY_RUN, batch_size: 16, model_args: { depth: 8 } };
  const peaks = (["32-true", "16-mixed"] as const).map((precision) =>
    recordStep(DEFAULT_FACTS, shapeOf({ ...options, precision })).plan.peakActivationBytes
  );
  const share = peaks[1] / peaks[0];
  ok(share > 0.5 && share < 0.53, `${share}`); // statistics stay f32
});

Deno.test("evaluations take the memory of the step, and are no part of its work", async () => {
  const run = { ...TINY_RUN, batch_size: 16 };
  const [without, with_] = [
    await plan(run),
    await plan({ ...run, callbacks: { knn: { train: "photos", student: true } } }),
  ];
  equal(with_.flops, without.flops);
  const names = with_.phases.map(({ phase }) => phase).filter((phase) =>
    phase.includes("evaluate")
  );
  deepEqual(names, ["evaluate.teacher", "evaluate.student"]);
  const share = (with_.totalBytes - without.totalBytes) / without.totalBytes;
  ok(share > 0 && share < 0.01, `${share}`); // class tokens and tables
});
