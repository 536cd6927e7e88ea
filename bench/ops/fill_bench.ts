// deno bench -A bench/ops/fill_bench.ts: what writing alone costs; the floor of every kernel.
import { fill } from "../../src/ops/fill.ts";
import { assertAllClose } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const fillBench = (dim: number): OpBench => ({
  name: `fill ${dim} per token`,
  async setup(gpu) {
    const x = gpu.empty([tokensFor(gpu), dim], "x");
    fill(gpu, x, 2);
    assertAllClose((await gpu.download(x)).slice(-3), [2, 2, 2]);
    return (recorder) => fill(recorder, x, 2);
  },
});

registerBenches([fillBench(384), fillBench(768)]);
