// deno bench -A bench/ops/gather_rows_bench.ts: masked patches out of the packed tokens and back.
import { gatherRows, scatterAddRows } from "../../src/ops/gather_rows.ts";
import { gatherRowsReference } from "../../tests/reference/gather_rows.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const gatherBench = (dim: number): OpBench => ({
  name: `gatherRows and scatterAddRows, ${dim}`,
  async setup(gpu) {
    const numTokens = tokensFor(gpu);
    const host = randomArray(numTokens * dim, { seed: 1 });
    const picked = Uint32Array.from({ length: numTokens / 4 }, (_, row) => (row * 29) % numTokens);
    const x = gpu.upload([numTokens, dim], host, "x");
    const indices = gpu.upload([picked.length], picked, "indices");
    const y = gatherRows(gpu, x, indices);
    assertAllClose(await gpu.download(y), gatherRowsReference(host, dim, picked));
    return (recorder) => {
      gatherRows(recorder, x, indices);
      scatterAddRows(recorder, y, indices, x);
    };
  },
});

registerBenches([gatherBench(384), gatherBench(768)]);
