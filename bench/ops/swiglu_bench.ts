// deno bench -A bench/ops/swiglu_bench.ts: the gate of one feed-forward layer, all tokens.
import { swiglu, swigluBackward } from "../../src/ops/swiglu.ts";
import { swigluReference } from "../../tests/reference/swiglu.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const swigluBench = (hidden: number): OpBench => ({
  name: `swiglu and backward, ${hidden} hidden`,
  async setup(gpu) {
    const rows = tokensFor(gpu);
    const data = randomArray(rows * 2 * hidden, { seed: 1 });
    const x12 = gpu.upload([rows, 2 * hidden], data, "x12");
    const dy = swiglu(gpu, x12);
    const expected = swigluReference(data.slice(-2 * hidden), hidden);
    assertAllClose((await gpu.download(dy)).slice(-hidden), expected);
    return (recorder) => {
      swiglu(recorder, x12);
      swigluBackward(recorder, dy, x12);
    };
  },
});

registerBenches([swigluBench(1024), swigluBench(2048)]);
