// deno bench -A bench/ops/layer_norm_bench.ts: the norms of a block over all tokens of a step.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { layerNorm, layerNormBackward } from "../../src/ops/layer_norm.ts";
import { layerNormReference } from "../../tests/reference/layer_norm.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

async function setupNorm(gpu: Gpu, dim: number) {
  const rows = tokensFor(gpu);
  const data = randomArray(rows * dim, { seed: 1, mean: 1 });
  const weights = randomArray(dim, { seed: 2 });
  const x = gpu.upload([rows, dim], data, "x");
  const gamma = gpu.upload([dim], weights, "gamma");
  const { y, stats } = layerNorm(gpu, x, gamma, gamma);
  const expected = layerNormReference(data.slice(-dim), weights, weights);
  assertAllClose((await gpu.download(y)).slice(-dim), expected);
  const zeros = new Float32Array(dim);
  const grads = { gamma: gpu.upload([dim], zeros, "dGamma"), beta: gpu.upload([dim], zeros, "dB") };
  return { x, gamma, stats, grads };
}

const forwardBench = (dim: number): OpBench => ({
  name: `layerNorm ${dim}`,
  async setup(gpu) {
    const { x, gamma } = await setupNorm(gpu, dim);
    return (recorder) => void layerNorm(recorder, x, gamma, gamma);
  },
});

const backwardBench = (dim: number): OpBench => ({
  name: `layerNorm backward ${dim}`,
  async setup(gpu) {
    const { x, gamma, stats, grads } = await setupNorm(gpu, dim);
    return (recorder) => void layerNormBackward(recorder, x, x, gamma, stats, grads, { add: x });
  },
});

registerBenches([forwardBench(384), backwardBench(384), forwardBench(768), backwardBench(768)]);
