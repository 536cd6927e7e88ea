import { deepEqual, equal, ok } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { type AdapterFacts, DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { modelParts } from "../../src/profile/model_part.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

/** Every dispatch of a step as "label: part". */
function partsOf(
  facts: Partial<AdapterFacts> = {},
  options: Partial<TrainOptions> = {},
  views = false,
) {
  const config = resolveConfig({ ...TINY_RUN, out: "-", data: "-", ...options });
  const adapter = { ...DEFAULT_FACTS, ...facts };
  const shape = stepShape(config);
  const { plan, step } = recordStep(adapter, shape, views ? config.transform_args : null, [
    "teacher",
  ]);
  const found = [...plan.phases].flatMap(([phase, list]) => {
    const parts = modelParts(phase, list);
    return list.map(({ label }, i) => ({ phase, label, part: parts[i] }));
  });
  return { found, step };
}

Deno.test("modelParts() gives every dispatch a part, on GPUs and on software", () => {
  const software = { kernels: "cpu" as const, subgroupSize: 8 };
  for (const facts of [{}, software]) {
    for (
      const options of [
        {},
        { method_args: { ...TINY_RUN.method_args, ibot_separate_head: true } },
        { method_args: { ...TINY_RUN.method_args, center_method: "sinkhorn_knopp" as const } },
        { embed_dim: 24, activation_checkpoint_args: { enabled: true } },
        { model_args: { depth: 2, ffn_layer: "swiglufused" as const } },
        { precision: "16-mixed" as const },
      ]
    ) {
      const { found } = partsOf(facts, options, true);
      deepEqual(found.filter(({ part }) => part === "other"), []);
    }
  }
});

Deno.test("modelParts() names every module that has parameters", () => {
  const { found, step } = partsOf();
  const parts = new Set(found.map(({ part }) => part));
  for (const { name } of step.networks.student.set.parameters) {
    const module = name.replace(/\.(weight|bias|gamma|weight_[vg])$/, "")
      .replace(/(cls_token|mask_token|register_tokens)$/, "tokens");
    ok(parts.has(`student.${module}`), module);
    // Forward, the kernels of other layers take in layer scale and positions.
    if (!/\.ls\d$|pos_embed$/.test(module)) ok(parts.has(`teacher.${module}`), module);
  }
  deepEqual([...parts].filter((part) => !part.includes(".")).sort(), [
    "centers",
    "dino_loss",
    "evaluation",
    "ibot_loss",
    "koleo_loss",
    "metrics",
    "optimizer",
    "zeroing",
  ]);
});

Deno.test("modelParts() of 16-mixed are those of 32-true", () => {
  const partsIn = (precision: "32-true" | "16-mixed") =>
    [...new Set(partsOf({}, { precision }).found.map(({ part }) => part))].sort();
  deepEqual(partsIn("16-mixed"), partsIn("32-true"));
});

Deno.test("modelParts() puts what has no parameters where its data come from and go to", () => {
  const { found } = partsOf();
  const partsWith = (
    kernel: string,
  ) => [...new Set(found.filter(({ label }) => label.startsWith(kernel)).map(({ part }) => part))];
  deepEqual(partsWith("attention.forward"), [
    "teacher.backbone.blocks.0.attn",
    "teacher.backbone.blocks.1.attn",
    "student.backbone.blocks.0.attn",
    "student.backbone.blocks.1.attn",
    "evaluation",
  ]);
  deepEqual(partsWith("attention_delta"), [
    "student.backbone.blocks.1.attn",
    "student.backbone.blocks.0.attn",
  ]);
  deepEqual(partsWith("softmax_stats"), ["dino_loss", "ibot_loss"]);
  deepEqual(partsWith("l2_normalize.backward_input"), ["student.dino_head.mlp.4"]);
  ok(partsWith("column_sum.partial_sums").includes("student.backbone.blocks.1.mlp.fc1"));
  equal(partsWith("adamw").join(), "optimizer");
});
