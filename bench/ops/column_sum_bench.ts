// deno bench -A bench/ops/column_sum_bench.ts: the bias gradients of a block over a step's tokens.
import { columnSum } from "../../src/ops/column_sum.ts";
import { columnSumReference } from "../../tests/reference/matmul.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const columnSumBench = (cols: number): OpBench => ({
  name: `columnSum ${cols}`,
  async setup(gpu) {
    const rows = tokensFor(gpu);
    const x = randomArray(rows * cols, { seed: 1 });
    const tensor = gpu.upload([rows, cols], x, "x");
    const sums = gpu.upload([cols], new Float32Array(cols), "sums");
    columnSum(gpu, tensor, sums);
    assertAllClose(await gpu.download(sums), columnSumReference(x, cols), { atol: 1e-3 });
    return (recorder) => columnSum(recorder, tensor, sums);
  },
});

registerBenches([columnSumBench(384), columnSumBench(3072)]);
