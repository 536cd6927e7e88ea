// deno bench -A bench/ops/l2_normalize_bench.ts: head features before the prototypes.
import { l2Normalize, l2NormalizeBackward } from "../../src/ops/l2_normalize.ts";
import { l2NormalizeReference } from "../../tests/reference/l2_normalize.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const l2NormalizeBench = (dim: number): OpBench => ({
  name: `l2Normalize and backward, ${dim}`,
  async setup(gpu) {
    const rows = tokensFor(gpu);
    const x = randomArray(rows * dim, { seed: 1 });
    const tensor = gpu.upload([rows, dim], x, "x");
    const { y, norms } = l2Normalize(gpu, tensor);
    assertAllClose(await gpu.download(y), l2NormalizeReference(x, dim));
    return (recorder) => {
      l2Normalize(recorder, tensor);
      l2NormalizeBackward(recorder, tensor, y, norms);
    };
  },
});

registerBenches([l2NormalizeBench(256), l2NormalizeBench(384)]);
