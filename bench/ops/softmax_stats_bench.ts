// deno bench -A bench/ops/softmax_stats_bench.ts: one pass over the teacher's logits.
import { softmaxStats } from "../../src/ops/softmax_stats.ts";
import { rowLogSumExpReference } from "../../tests/reference/softmax_stats.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const softmaxStatsBench = (numPrototypes: number): OpBench => ({
  name: `softmaxStats ${numPrototypes}`,
  async setup(gpu) {
    const rows = gpu.adapter.software ? 32 : 1024;
    const host = randomArray(rows * numPrototypes, { seed: 1 });
    const logits = gpu.upload([rows, numPrototypes], host, "logits");
    const center = gpu.upload([numPrototypes], new Float32Array(numPrototypes), "center");
    const temp = gpu.upload([1], Float32Array.of(0.0625), "temp");
    const lse = await gpu.download(softmaxStats(gpu, logits, center, temp).lse);
    const zeros = new Float64Array(numPrototypes);
    const lastRow = rowLogSumExpReference(host.slice(-numPrototypes), zeros, 0.0625);
    assertAllClose(lse.slice(-1), lastRow);
    return (recorder) => void softmaxStats(recorder, logits, center, temp);
  },
});

registerBenches([softmaxStatsBench(65_536), softmaxStatsBench(131_072)]);
