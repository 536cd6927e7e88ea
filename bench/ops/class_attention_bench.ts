// deno bench -A bench/ops/class_attention_bench.ts: the class tokens of 224- and 518-pixel images.
import { classAttention } from "../../src/ops/class_attention.ts";
import { classAttentionReference } from "../../tests/reference/class_attention.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const HEAD_DIM = 64;

const classBench = (numHeads: number, tokens: number): OpBench => ({
  name: `classAttention, ${numHeads} heads, ${tokens} tokens`,
  async setup(gpu) {
    const sequences = Math.max(1, Math.floor(tokensFor(gpu) / tokens));
    const width = 3 * numHeads * HEAD_DIM;
    const host = randomArray(sequences * tokens * width, { seed: 1 });
    const qkv = gpu.upload([sequences * tokens, width], host, "qkv");
    const options = { sequences, numHeads };
    const first = (await gpu.download(classAttention(gpu, qkv, options)))
      .subarray(0, numHeads * tokens);
    const shape = { lengths: [tokens], numHeads, headDim: HEAD_DIM };
    assertAllClose(first, classAttentionReference(host.subarray(0, tokens * width), shape), {
      rtol: 1e-4,
      atol: 1e-6,
    });
    return (recorder) => void classAttention(recorder, qkv, options);
  },
});

registerBenches([classBench(6, 257), classBench(6, 1374), classBench(12, 257)]);
