// deno bench -A bench/ops/top_k_bench.ts: the best of a chunk of similarities, on the GPU and, to
// compare with, by the processor.
import { nearest } from "../../src/eval/nearest.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { mergeTopK, topK } from "../../src/ops/top_k.ts";
import { topKReference } from "../../tests/reference/top_k.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

/** Queries and vectors of a chunk, as `eval knn` has them, and the most neighbours of its default. */
const [ROWS, COLS, K] = [256, 16_384, 200];

/** All of the first chunk are new; of most that come late none is better than what there is. */
const topKBench = (name: string, isFirst: boolean): OpBench => ({
  name: `topK ${ROWS} × ${COLS}, ${name}`,
  async setup(gpu) {
    const host = Float32Array.from(randomArray(ROWS * COLS, { seed: 1 }));
    const x = gpu.upload([ROWS, COLS], host, "x");
    const best = topK(gpu, x, K);
    const { values } = topKReference(host.slice(-COLS), COLS, K);
    assertAllClose((await gpu.download(best.values)).slice(-K), values);
    const late = gpu.upload([ROWS, COLS], host.map((value) => value / 4), "late");
    return (recorder) => {
      if (isFirst) topK(recorder, x, K);
      else mergeTopK(recorder, late, best, COLS);
    };
  },
});

registerBenches([topKBench("first chunk", true), topKBench("late chunk", false)]);

/** A whole search, in which the GPU multiplies and either selects. */
for (const selection of ["gpu", "processor"] as const) {
  const name = `nearest ${K} of 65536, selected by the ${selection}`;
  const gpu = await Gpu.open();
  addEventListener("unload", () => gpu[Symbol.dispose]());
  const [queries, vectors] = [gpu.adapter.software ? 256 : 8192, 65_536].map((rows, seed) => ({
    values: Float32Array.from(randomArray(rows * 384, { seed })),
    width: 384,
  }));
  Deno.bench({ name, group: "nearest", n: 3, warmup: 1 }, async () => {
    await nearest(gpu, queries, vectors, K, { selection });
  });
}
