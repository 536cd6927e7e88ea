// deno bench -A bench/ops/add_bench.ts: one addition per element: two reads and a write.
import { addInto } from "../../src/ops/add.ts";
import { fill } from "../../src/ops/fill.ts";
import { assertAllClose } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const addBench = (dim: number): OpBench => ({
  name: `addInto ${dim} per token`,
  async setup(gpu) {
    const [x, into] = [0, 1].map(() => gpu.empty([tokensFor(gpu), dim], "x"));
    fill(gpu, x, 2);
    fill(gpu, into, 3);
    addInto(gpu, x, into);
    assertAllClose((await gpu.download(into)).slice(-3), [5, 5, 5]);
    return (recorder) => addInto(recorder, x, into);
  },
});

registerBenches([addBench(384), addBench(768)]);
