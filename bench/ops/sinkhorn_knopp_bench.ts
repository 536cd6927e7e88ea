// deno bench -A bench/ops/sinkhorn_knopp_bench.ts: one more pass over the teacher's logits.
import { sinkhornAccumulate, sinkhornFinish, sinkhornReset } from "../../src/ops/sinkhorn_knopp.ts";
import { rowLogSumExpReference } from "../../tests/reference/softmax_stats.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const sinkhornBench = (numPrototypes: number): OpBench => ({
  name: `sinkhornAccumulate ${numPrototypes}`,
  async setup(gpu) {
    const rows = gpu.adapter.software ? 32 : 1024;
    const host = randomArray(rows * numPrototypes, { seed: 1 });
    const logits = gpu.upload([rows, numPrototypes], host, "logits");
    const temp = gpu.upload([1], Float32Array.of(0.0625), "temp");
    const state = gpu.empty([numPrototypes, 2], "state");
    const center = gpu.empty([numPrototypes], "center");
    const all = { count: null, rowOffset: 0 };
    sinkhornReset(gpu, state);
    sinkhornAccumulate(gpu, logits, null, temp, state, all);
    sinkhornFinish(gpu, state, temp, center);
    const firstColumn = Float64Array.from({ length: rows }, (_, row) => host[row * numPrototypes]);
    const [lse] = rowLogSumExpReference(firstColumn, new Float64Array(rows), 0.0625);
    assertAllClose((await gpu.download(center)).slice(0, 1), [0.0625 * lse]);
    const rowLse = gpu.upload([rows], new Float32Array(rows), "row lse");
    return (recorder) => sinkhornAccumulate(recorder, logits, rowLse, temp, state, all);
  },
});

registerBenches([sinkhornBench(65_536), sinkhornBench(131_072)]);
