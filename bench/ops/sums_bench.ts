// deno bench -A bench/ops/sums_bench.ts: the losses of a step into its metrics; one workgroup.
import { addSums } from "../../src/ops/sums.ts";
import { sumsReference } from "../../tests/reference/sums.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const sumsBench = (count: number): OpBench => ({
  name: `addSums of ${count} rows`,
  async setup(gpu) {
    const x = randomArray(count, { seed: 1, mean: 1 });
    const tensor = gpu.upload([count], x, "x");
    const out = gpu.upload([2], new Float32Array(2), "out");
    const classes = { period: 10, head: 2 };
    addSums(gpu, tensor, out, { slot: 0, ...classes });
    assertAllClose(await gpu.download(out), sumsReference(x, classes));
    return (recorder) => addSums(recorder, tensor, out, { slot: 0, ...classes });
  },
});

registerBenches([sumsBench(640), sumsBench(10_000)]);
