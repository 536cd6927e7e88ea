import { deepEqual, equal, ok } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { packCrops } from "../../src/model/crops.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { recordStep } from "../../src/training/run_setup.ts";
import { TrainStep } from "../../src/training/step.ts";
import type { StepShape } from "../../src/training/step_shape.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import {
  type TinyBatch,
  tinyBatch,
  type TinyOptions,
  tinyShape,
  TinyStep,
} from "../support/tiny_step.ts";

/** What makes kernels stumble: odd sizes, every optional part, and every one of them missing. */
const CASES: Record<string, TinyOptions> = {
  "width 30 in 3 heads, batch 3, 101 prototypes, views 16x24": {},
  "registers, SwiGLU, separate iBOT head, Sinkhorn, no local views": {
    model: {
      num_register_tokens: 2,
      ffn_layer: "swiglufused",
      embed_dim: 28,
      num_heads: 2,
      depth: 1,
    },
    method: { ibot_separate_head: true, center_method: "sinkhorn_knopp" },
    shape: { localViews: 0, batchSize: 2 },
  },
  "drop path, no layer scale, one local view": {
    model: { drop_path_rate: 0.3, init_values: null, depth: 1 },
    shape: { localViews: 1, localSize: [12, 8] },
  },
  "a layer on top of the backbone, activations computed twice": {
    model: { drop_path_rate: 0.3 },
    shape: { embedDim: 14, recomputeBlocks: 1, batchSize: 2 },
  },
};

Deno.test("the step's gradients match central differences of its loss", async (t) => {
  for (const [name, options] of Object.entries(CASES)) {
    await t.step(name, async () => {
      const shape = tinyShape(options);
      using tiny = await TinyStep.open(shape);
      tiny.feed(1, tinyBatch(shape, 7));
      await compareDirections(tiny);
    });
  }
});

/** f32 rounding of the total loss, which is near 12. */
const LOSS_NOISE = 4e-6;

/**
 * Compares the derivative of the loss along one direction per parameter with its gradient. Half of
 * the direction is the gradient itself, so that the change stands out from rounding; the other half
 * is random, so that no element can hide.
 */
async function compareDirections(tiny: TinyStep): Promise<void> {
  const lossAt = lossFunction(tiny);
  await lossAt();
  for (const { members, values, grads } of tiny.step.networks.buffers) {
    const point = await tiny.download(values);
    const gradients = await tiny.download(grads);
    for (const [index, { parameter: { name, shape }, offset }] of members.entries()) {
      const length = elementCount(shape);
      const gradient = gradients.slice(offset, offset + length);
      const noise = randomArray(length, { seed: index + 1 });
      const direction = sumOfUnits(gradient, noise);
      const expected = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
      // A change of the loss a thousand times its rounding, unless the parameter moves too far.
      const h = Math.min(
        LOSS_NOISE * 1000 / Math.abs(expected),
        0.02 * norm(point, offset, length),
      );
      const lossBeyond = (by: number) => {
        const moved = point.slice();
        direction.forEach((d, i) => moved[offset + i] += by * d);
        tiny.write(values, moved);
        return lossAt();
      };
      const actual = (await lossBeyond(h) - await lossBeyond(-h)) / (2 * h);
      const tolerance = { rtol: 2e-3, atol: LOSS_NOISE / h };
      assertAllClose([actual], [expected], tolerance, `derivatives along ${name}`);
      tiny.write(values, point);
    }
  }
}

/** The loss with the parameters as they are, always from the same centers. */
function lossFunction(tiny: TinyStep): () => Promise<number> {
  const { dinoCenter, ibotCenter, shape: { method } } = tiny.step;
  const center = randomArray(method.output_dim, { seed: 3, scale: 0.1 });
  return async () => {
    tiny.write(dinoCenter, center);
    tiny.write(ibotCenter, center);
    tiny.run("begin", "accumulate");
    return (await tiny.metrics()).total;
  };
}

function sumOfUnits(a: Float32Array, b: Float32Array): Float32Array {
  const [lengthA, lengthB] = [norm(a), norm(b)];
  return a.map((value, i) => value / (lengthA || 1) + b[i] / lengthB);
}

function norm(values: Float32Array, start = 0, length = values.length): number {
  return Math.hypot(...values.subarray(start, start + length));
}

/** Everything that two steps leave behind. */
async function afterTwoSteps(tiny: TinyStep): Promise<Record<string, Float32Array>> {
  const { step } = tiny;
  const state: Record<string, Float32Array> = {};
  for (const index of [0, 1]) {
    tiny.feed(index, tinyBatch(step.shape, 10 * index));
    tiny.run("begin", "accumulate", "update");
    state[`metrics.${index}`] = await tiny.download(step.metrics);
  }
  for (const { values, grads, teacher, expAvg, expAvgSq } of step.networks.buffers) {
    for (const tensor of [values, grads, teacher, expAvg, expAvgSq]) {
      state[tensor.label] = await tiny.download(tensor);
    }
  }
  for (const tensor of [step.dinoCenter, step.ibotCenter]) {
    state[tensor.label] = await tiny.download(tensor);
  }
  return state;
}

Deno.test("two runs of two steps are bit-identical, as a plan and on a live device", async (t) => {
  for (const [name, options] of Object.entries(CASES)) {
    await t.step(name, async () => {
      const shape = tinyShape(options);
      using first = await TinyStep.open(shape);
      const expected = await afterTwoSteps(first);
      ok(Object.values(expected).every((values) => values.every(Number.isFinite)));
      using second = await TinyStep.open(shape);
      deepEqual(await afterTwoSteps(second), expected);
      using live = await TinyStep.open(shape, { kind: "live" });
      deepEqual(await afterTwoSteps(live), expected);
    });
  }
});

Deno.test("computing activations twice gives the same bits, in less memory", async () => {
  const states = [];
  const peaks = [];
  for (const recomputeBlocks of [null, 1, 2, 3]) {
    const shape = tinyShape({
      model: { depth: 3, drop_path_rate: 0.2 },
      shape: { recomputeBlocks },
    });
    using tiny = await TinyStep.open(shape);
    states.push(await afterTwoSteps(tiny));
    peaks.push(recordStep(DEFAULT_FACTS, shape).plan.peakActivationBytes);
  }
  const [all, ...recomputed] = states;
  for (const state of recomputed) deepEqual(state, all);
  ok(peaks[1] < 0.8 * peaks[0] && peaks[2] < peaks[0], `${peaks}`);
});

Deno.test("a step without masked patches has no iBOT loss and leaves its center alone", async (t) => {
  for (const center_method of ["softmax", "sinkhorn_knopp"] as const) {
    await t.step(center_method, async () => {
      const shape = tinyShape({ method: { center_method } });
      using tiny = await TinyStep.open(shape);
      const { step } = tiny;
      const center = randomArray(101, { seed: 4 });
      tiny.write(step.ibotCenter, center);
      const batch = tinyBatch(shape, 5);
      tiny.feed(0, { ...batch, masks: new Uint8Array(batch.masks.length) });
      tiny.run("begin", "accumulate", "update");

      const metrics = await tiny.metrics();
      equal(metrics.ibot, 0);
      ok(Object.values(metrics).every(Number.isFinite), JSON.stringify(metrics));
      deepEqual(await tiny.download(step.ibotCenter), center);
      for (const { values } of step.networks.buffers) {
        ok((await tiny.download(values)).every(Number.isFinite));
      }
    });
  }
});

/** Gradients of all parameters and the metrics, after the micro-batches. */
async function accumulated(shape: StepShape, batches: TinyBatch[]) {
  using tiny = await TinyStep.open(shape);
  tiny.run("begin");
  for (const batch of batches) {
    tiny.feed(0, batch);
    tiny.run("accumulate");
  }
  const grads = await tiny.download(tiny.step.networks.buffers[0].grads);
  return { grads, metrics: await tiny.download(tiny.step.metrics) };
}

/** The images from `first` on of a batch twice as large: views are outermost. */
function halfOf(batch: TinyBatch, first: boolean, views: { global: number; local: number }) {
  const half = (values: ArrayLike<number>, count: number) => {
    const all = Float32Array.from(values);
    const size = all.length / count;
    const start = first ? 0 : size / 2;
    const parts = [...Array(count).keys()].map((
      view,
    ) => [...all.subarray(view * size + start, view * size + start + size / 2)]);
    return Float32Array.from(parts.flat());
  };
  return {
    globalViews: half(batch.globalViews, views.global),
    localViews: half(batch.localViews, views.local),
    masks: half(batch.masks, views.global),
  };
}

Deno.test("two accumulated micro-batches give the gradients of one twice as large", async () => {
  // What looks across images is off: KoLeo, and a center that moves between the micro-batches.
  const method = { koleo_loss_weight: 0, center_momentum: 1 };
  const whole = tinyShape({ method, shape: { batchSize: 6 } });
  const micro = tinyShape({ method, shape: { batchSize: 3, accumulationSteps: 2 } });
  const batch = tinyBatch(whole, 20);
  const views = { global: 2, local: whole.localViews };

  const expected = await accumulated(whole, [batch]);
  const halves = [halfOf(batch, true, views), halfOf(batch, false, views)];
  const actual = await accumulated(micro, halves);
  const largest = Math.max(...expected.grads.map(Math.abs));
  assertAllClose(actual.grads, expected.grads, { rtol: 0, atol: 1e-5 * largest }, "gradients");
  const koleo = 3; // of other images
  const without = (metrics: Float32Array) => metrics.filter((_, slot) => slot !== koleo);
  assertAllClose(without(actual.metrics), without(expected.metrics));
});

Deno.test("packed global and local views give the tokens of separate passes", async () => {
  using gpu = await Gpu.open();
  const shape = tinyShape({ model: { num_register_tokens: 2 } });
  using tiny = await TinyStep.open(shape, { kind: "live" });
  const batch = tinyBatch(shape, 30);
  const values = await tiny.download(tiny.step.networks.buffers[0].values);
  const step = new TrainStep(gpu, shape);
  gpu.write(step.networks.buffers[0].values, values);
  gpu.write(step.globalViews, batch.globalViews);
  gpu.write(step.localViews, batch.localViews);
  const { model, batchSize, localViews, globalSize, localSize } = shape;
  const groups = [
    { name: "global", crops: 2 * batchSize, size: globalSize, images: step.globalViews },
    { name: "local", crops: localViews * batchSize, size: localSize, images: step.localViews },
  ] as const;
  const tokensOf = async (inputs: (typeof groups[number])[]) => {
    const options = { masks: null, dropPath: null, keep: false };
    const { backbone } = step.networks.student;
    const [tokens] = backbone.forward(gpu, packCrops(gpu, model, inputs), options);
    return await gpu.download(tokens);
  };

  const packed = await tokensOf([...groups]);
  const separate = [...await tokensOf([groups[0]]), ...await tokensOf([groups[1]])];
  deepEqual(packed, Float32Array.from(separate));
});
