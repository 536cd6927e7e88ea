// deno bench -A bench/ops/mean_rows_bench.ts: the mean feature that the center is made from.
import { meanRows } from "../../src/ops/mean_rows.ts";
import { meanRowsReference } from "../../tests/reference/mean_rows.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const meanRowsBench = (dim: number): OpBench => ({
  name: `meanRows ${dim}`,
  async setup(gpu) {
    const rows = tokensFor(gpu);
    const x = randomArray(rows * dim, { seed: 1 });
    const tensor = gpu.upload([rows, dim], x, "x");
    const mean = await gpu.download(meanRows(gpu, tensor, null));
    assertAllClose(mean, meanRowsReference(x, dim, rows));
    return (recorder) => void meanRows(recorder, tensor, null);
  },
});

registerBenches([meanRowsBench(256), meanRowsBench(384)]);
