// deno bench -A bench/ops/attention_bench.ts: global crops of 257 tokens, local crops of 50.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { attention, attentionBackward } from "../../src/ops/attention.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { attentionBackwardReference, attentionReference } from "../../tests/reference/attention.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const HEAD_DIM = 64;

/** The first sequence of the result against the reference, then what to time. */
async function setupAttention(gpu: Gpu, numHeads: number, length: number) {
  const tokens = gpu.adapter.software ? 1024 : 12_288;
  const sequences = makeSequences(gpu, new Array<number>(Math.ceil(tokens / length)).fill(length));
  const [total, width] = [sequences.totalTokens, numHeads * HEAD_DIM];
  const qkvData = randomArray(total * 3 * width, { seed: 1 });
  const dOutData = randomArray(total * width, { seed: 2 });
  const qkv = gpu.upload([total, 3 * width], qkvData, "qkv");
  const dOut = gpu.upload([total, width], dOutData, "dOut");
  const saved = { qkv, ...attention(gpu, qkv, sequences, numHeads) };
  const dQkv = attentionBackward(gpu, dOut, saved, sequences, numHeads);

  const shape = { lengths: [length], numHeads, headDim: HEAD_DIM };
  const [first, dFirst] = [qkvData.slice(0, length * 3 * width), dOutData.slice(0, length * width)];
  const out = (await gpu.download(saved.out)).slice(0, length * width);
  assertAllClose(out, attentionReference(first, shape).out);
  const gradient = (await gpu.download(dQkv)).slice(0, length * 3 * width);
  assertAllClose(gradient, attentionBackwardReference(dFirst, first, shape));
  return { qkv, dOut, saved, sequences };
}

const forwardBench = (numHeads: number, length: number): OpBench => ({
  name: `attention, ${numHeads} heads, ${length} tokens`,
  async setup(gpu) {
    const { qkv, sequences } = await setupAttention(gpu, numHeads, length);
    return (recorder) => void attention(recorder, qkv, sequences, numHeads);
  },
});

const backwardBench = (numHeads: number, length: number): OpBench => ({
  name: `attention backward, ${numHeads} heads, ${length} tokens`,
  async setup(gpu) {
    const { dOut, saved, sequences } = await setupAttention(gpu, numHeads, length);
    return (recorder) => void attentionBackward(recorder, dOut, saved, sequences, numHeads);
  },
});

registerBenches([
  forwardBench(6, 257),
  backwardBench(6, 257),
  forwardBench(6, 50),
  backwardBench(6, 50),
  forwardBench(12, 257),
  backwardBench(12, 257),
]);
