import type { Recorder } from "../../src/gpu/recorder.ts";
import { attention, attentionBackward } from "../../src/ops/attention.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import type { Recorded } from "./recorded.ts";
import type { Arrays } from "./work.ts";

interface AttentionSizes {
  sequences: number;
  tokens: number;
  numHeads: number;
  headDim: number;
}

/** Peers get q, k and v apart, which suits them; ours are columns of one matrix. */
export function recordAttention(gpu: Recorder, sizes: AttentionSizes, inputs: Arrays): Recorded {
  const { sequences: count, tokens, numHeads, headDim } = sizes;
  const [rows, dim] = [count * tokens, numHeads * headDim];
  const sequences = makeSequences(gpu, new Array<number>(count).fill(tokens));
  const qkv = gpu.keep("inputs", [rows, 3 * dim], "qkv");
  const dOut = gpu.keep("inputs", [rows, dim], "dOut");
  const { out, lse } = attention(gpu, qkv, sequences, numHeads);
  const dQkv = attentionBackward(gpu, dOut, { qkv, out, lse }, sequences, numHeads);

  const parts = [inputs.q, inputs.k, inputs.v].map(({ data }) => data);
  return {
    writes: [[qkv, sideBySide(parts, dim)], [dOut, inputs.dOut.data]],
    async results(read) {
      const shape = [count, tokens, numHeads, headDim];
      const gradients = apart((await read(dQkv)).data, dim);
      const [dq, dk, dv] = gradients.map((data) => ({ shape, data }));
      return { out: { shape, data: (await read(out)).data }, dq, dk, dv };
    },
  };
}

/** Three matrices of `dim` columns as one of three times as many. */
function sideBySide(parts: readonly Float32Array[], dim: number): Float32Array {
  const whole = new Float32Array(3 * parts[0].length);
  parts.forEach((part, index) => {
    for (let row = 0; row * dim < part.length; row++) {
      whole.set(part.subarray(row * dim, (row + 1) * dim), (3 * row + index) * dim);
    }
  });
  return whole;
}

function apart(whole: Float32Array, dim: number): Float32Array[] {
  return [0, 1, 2].map((index) => {
    const part = new Float32Array(whole.length / 3);
    for (let row = 0; row * dim < part.length; row++) {
      const start = (3 * row + index) * dim;
      part.set(whole.subarray(start, start + dim), row * dim);
    }
    return part;
  });
}
