import { equal, ok } from "node:assert/strict";
import type { ModelArgs } from "../../src/config/model_args.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import type { DropPath } from "../../src/layers/block.ts";
import { packCrops, type Packing } from "../../src/model/crops.ts";
import { rowSubset, sequencePlaces } from "../../src/ops/row_subset.ts";
import { modelParts } from "../../src/profile/model_part.ts";
import {
  drawDropPath,
  dropPathOf,
  dropPathRate,
  keptSequences,
} from "../../src/training/drop_path.ts";
import { recordStep } from "../../src/training/run_setup.ts";
import { TrainStep } from "../../src/training/step.ts";
import type { StepShape } from "../../src/training/step_shape.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { tinyShape } from "../support/tiny_step.ts";

/** Models whose branches drop crops; the first block of the last one drops none, the second few. */
const MODELS: Record<string, ModelArgs> = {
  "GELU, two registers": { drop_path_rate: 0.3, num_register_tokens: 2 },
  "SwiGLU, no layer scale": { drop_path_rate: 0.5, ffn_layer: "swiglufused", init_values: null },
  "one crop of each size left": { drop_path_rate: 0.95 },
  "by chance": { drop_path_rate: 0.1, depth: 3 },
  "rates that rise from 0": { drop_path_rate: 0.6, drop_path_uniform: false, depth: 8 },
};

/** The networks of a step with random parameters, and its student's packed crops. */
function openStep(gpu: Gpu, shape: StepShape): { step: TrainStep; packing: Packing } {
  const step = new TrainStep(gpu, shape);
  const { values } = step.networks.buffers[0];
  const random = (tensor: typeof values, seed: number) =>
    gpu.write(tensor, randomArray(elementCount(tensor.shape), { seed, scale: 0.2 }));
  random(values, 1);
  random(step.globalViews, 2);
  random(step.localViews, 3);
  const { batchSize, localViews, globalSize, localSize } = shape;
  const packing = packCrops(gpu, shape.model, [
    { name: "global", crops: 2 * batchSize, size: globalSize, images: step.globalViews },
    { name: "local", crops: localViews * batchSize, size: localSize, images: step.localViews },
  ]);
  return { step, packing };
}

/** The same draw as {@linkcode dropPathOf} takes it, but with every crop computed. */
function everyCrop(gpu: Gpu, { inputs, shape }: TrainStep, { sequences }: Packing) {
  const { lengths, totalTokens } = sequences;
  const drop = (block: number, branch: number): DropPath => {
    const drawn = inputs.mirror(`drop_path.${block}.${branch}`);
    const factors = lengths.map((_, sequence) => drawn[2 * sequence + 1]);
    const places = gpu.upload([lengths.length, 2], sequencePlaces(factors, lengths), "places");
    return { subset: rowSubset(gpu, sequences, places, totalTokens), sequences };
  };
  return Array.from({ length: shape.model.depth }, (_, block) => {
    const drops = dropPathRate(shape.model, block) > 0;
    return drops ? [drop(block, 0), drop(block, 1)] as const : null;
  });
}

Deno.test("crops left out of a branch give what computing them and a factor of 0 give", async (t) => {
  using gpu = await Gpu.open();
  for (const [name, model] of Object.entries(MODELS)) {
    await t.step(name, async () => {
      const shape = tinyShape({ model: { embed_dim: 24, ...model }, shape: { batchSize: 5 } });
      const { step, packing } = openStep(gpu, shape);
      drawDropPath(step.inputs, shape, 7, 0, 0);
      gpu.write(step.inputs.whole, step.inputs.values);
      const kept = keptSequences(gpu, shape);
      const left = dropPathOf(gpu, step.inputs, packing.sequences, kept);
      const [expected, actual] = [
        await passOf(gpu, step, packing, everyCrop(gpu, step, packing)),
        await passOf(gpu, step, packing, left),
      ];
      assertAllClose(actual.tokens, expected.tokens, { rtol: 0, atol: 2e-6 }, "tokens");
      const atol = 1e-6 * Math.max(...expected.grads.map(Math.abs));
      assertAllClose(actual.grads, expected.grads, { rtol: 0, atol }, "gradients");
    });
  }
});

async function passOf(
  gpu: Gpu,
  { networks }: TrainStep,
  packing: Packing,
  dropPath: (readonly [DropPath, DropPath] | null)[],
) {
  const [{ grads }] = networks.buffers;
  gpu.write(grads, new Float32Array(elementCount(grads.shape)));
  const { backbone } = networks.student;
  const options = { masks: null, dropPath, keep: true };
  const [tokens, saved] = backbone.forward(gpu, packing, options);
  const dTokens = randomArray(elementCount(tokens.shape), { seed: 4 });
  backbone.backward(gpu, gpu.upload(tokens.shape, dTokens, "dTokens"), saved);
  return { tokens: await gpu.download(tokens), grads: await gpu.download(grads) };
}

Deno.test("a step's plan has no work and no memory for dropped crops", () => {
  // Half of 8 global and of 12 local crops.
  const costOf = (drop_path_rate: number) => {
    const shape = tinyShape({
      model: { drop_path_rate, depth: 4 },
      shape: { batchSize: 4, localViews: 3 },
    });
    const { plan } = recordStep(DEFAULT_FACTS, shape);
    const dispatches = plan.phases.get("accumulate") ?? [];
    const parts = modelParts("accumulate", dispatches);
    const flops = dispatches.reduce((sum, { flops = 0 }, i) => {
      return sum + (parts[i].startsWith("student.backbone.blocks.") ? flops : 0);
    }, 0);
    return { flops, activations: plan.peakActivationBytes };
  };
  const [whole, half] = [costOf(0), costOf(0.5)];
  ok(whole.flops > 0);
  equal(half.flops, whole.flops / 2);
  const ratio = half.activations / whole.activations;
  ok(ratio < 0.65, `${(100 * ratio).toFixed(1)} % of the activations`);
});
