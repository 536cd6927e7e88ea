import type { Recorder } from "../../src/gpu/recorder.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { Block } from "../../src/layers/block.ts";
import { allocateParameters, ParameterSet } from "../../src/layers/parameter.ts";
import { fill } from "../../src/ops/fill.ts";
import { layerNorm, layerNormBackward } from "../../src/ops/layer_norm.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { blockModel, type BlockSettings } from "./block_work.ts";
import type { Recorded } from "./recorded.ts";
import type { Arrays } from "./work.ts";

/** Memory for the inputs, by name. */
function keepInputs(gpu: Recorder, inputs: Arrays): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, gpu.keep("inputs", shape, name)]),
  );
}

/** Inputs that are written as they are, and the tensors that are the results. */
function plain(
  inputs: Arrays,
  tensors: Record<string, Tensor>,
  results: Record<string, Tensor>,
): Recorded {
  return {
    writes: Object.entries(tensors).map(([name, tensor]) => [tensor, inputs[name].data]),
    async results(read) {
      const arrays: Arrays = {};
      for (const [name, tensor] of Object.entries(results)) arrays[name] = await read(tensor);
      return arrays;
    },
  };
}

export function recordMatmul(gpu: Recorder, inputs: Arrays): Recorded {
  const tensors = keepInputs(gpu, inputs);
  return plain(inputs, tensors, { y: matmul(gpu, tensors.a, tensors.b) });
}

export function recordLayerNorm(
  gpu: Recorder,
  { eps, dim }: { eps: number; dim: number },
  inputs: Arrays,
): Recorded {
  const tensors = keepInputs(gpu, inputs);
  const grads = gpu.keep("gradients", [2, dim], "grads"); // 384 wide, so both parts are aligned
  const part = (index: number): Tensor => ({
    ...grads,
    shape: [dim],
    offsetBytes: index * dim * 4,
  });
  fill(gpu, grads, 0);
  const { x, gamma, beta, dy } = tensors;
  const { y, stats } = layerNorm(gpu, x, gamma, beta, { eps });
  const [dGamma, dBeta] = [part(0), part(1)];
  const dx = layerNormBackward(gpu, dy, x, gamma, stats, { gamma: dGamma, beta: dBeta });
  return plain(inputs, tensors, { y, dx, dGamma, dBeta });
}

/** A block as training has it: its parameters in one buffer, its gradients zeroed before. */
export function recordBlock(
  gpu: Recorder,
  { batch, tokens }: BlockSettings,
  inputs: Arrays,
): Recorded {
  const sets = [new ParameterSet(), new ParameterSet()];
  const [block] = sets.map((set) => new Block(set, 0, blockModel()));
  const buffers = allocateParameters(gpu, sets[0], sets[1]);
  const { x, dy, ...parameters } = inputs;
  const tensors = keepInputs(gpu, { x, dy });
  const sequences = makeSequences(gpu, new Array<number>(batch).fill(tokens));

  for (const { grads } of buffers) fill(gpu, grads, 0);
  const [y, saved] = block.forward(gpu, tensors.x, { sequences, dropPath: null, keep: true });
  const dx = block.backward(gpu, tensors.dy, saved);

  const results: Record<string, Tensor> = { y, dx };
  for (const parameter of sets[0].parameters) {
    const name = parameter.name.replace("blocks.0.", "");
    tensors[name] = parameter.value;
    results[`d.${name}`] = parameter.grad;
  }
  return plain({ x, dy, ...parameters }, tensors, results);
}
