// deno bench -A bench/ops/add_partials_bench.ts: the second pass of the sums over a step's tokens.
import { addPartials } from "../../src/ops/add_partials.ts";
import { rowSplits } from "../../src/ops/row_splits.ts";
import { columnSumReference } from "../../tests/reference/matmul.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const partialsBench = (cols: number): OpBench => ({
  name: `addPartials ${cols}`,
  async setup(gpu) {
    const splits = rowSplits(tokensFor(gpu));
    const host = randomArray(splits * cols, { seed: 1 });
    const partial = gpu.upload([splits, cols], host, "partial");
    const sums = gpu.upload([cols], new Float32Array(cols), "sums");
    addPartials(gpu, partial, [sums]);
    assertAllClose(await gpu.download(sums), columnSumReference(host, cols), { atol: 1e-3 });
    return (recorder) => addPartials(recorder, partial, [sums]);
  },
});

registerBenches([partialsBench(384), partialsBench(3072)]);
