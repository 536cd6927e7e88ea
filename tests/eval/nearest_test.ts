import { deepEqual, equal, ok } from "node:assert/strict";
import { nearest, normalizedRows, type Vectors } from "../../src/eval/nearest.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { randomArray } from "../support/arrays.ts";

function vectors(rows: number, width: number, seed: number): Vectors {
  return { values: Float32Array.from(randomArray(rows * width, { seed })), width };
}

/** All cosine similarities of a query in float64, greatest first. */
function ranked(queries: Vectors, among: Vectors, query: number) {
  const { width } = queries;
  const row = (of: Vectors, i: number) => of.values.subarray(i * width, (i + 1) * width);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const q = row(queries, query);
  return Array.from({ length: among.values.length / width }, (_, index) => {
    const v = row(among, index);
    return { index, similarity: dot(q, v) / Math.sqrt(dot(q, q) * dot(v, v)) };
  }).sort((a, b) => b.similarity - a.similarity);
}

Deno.test("neighbours are those of a plain search, over chunks of both sides", async (t) => {
  using gpu = await Gpu.open();
  for (const [queries, among, width, k] of [[1, 1, 1, 1], [3, 5, 7, 5], [259, 16_387, 6, 20]]) {
    await t.step(`${queries} queries, ${among} vectors of ${width}`, async () => {
      const [a, b] = [vectors(queries, width, 1), vectors(among, width, 2)];
      const found = await nearest(gpu, a, b, k);
      equal(found.indices.length, queries * k);
      for (const query of [0, queries >> 1, queries - 1]) {
        const expected = ranked(a, b, query);
        const exact = new Map(expected.map(({ index, similarity }) => [index, similarity]));
        for (let i = 0; i < k; i++) {
          const [index, similarity] = [
            found.indices[query * k + i],
            found.similarities[query * k + i],
          ];
          ok(Math.abs(similarity - expected[i].similarity) < 1e-5, `rank ${i}`);
          ok(Math.abs(exact.get(index)! - expected[i].similarity) < 1e-5, `rank ${i}`);
        }
        equal(new Set(found.indices.subarray(query * k, (query + 1) * k)).size, k);
      }
    });
  }
});

Deno.test("the GPU and the processor select the same neighbours", async () => {
  using gpu = await Gpu.open();
  for (const [queries, among, k] of [[700, 16_500, 200], [5, 3, 20], [16_500, 40, 256]]) {
    const [a, b] = [vectors(queries, 5, 3), vectors(among, 5, 4)];
    b.values.copyWithin(5, 0, 5); // the first vector is there twice
    const [found, expected] = [
      await nearest(gpu, a, b, k, { selection: "gpu" }),
      await nearest(gpu, a, b, k, { selection: "processor" }),
    ];
    deepEqual(found, expected);
  }
});

Deno.test("of equal vectors the first comes first, and there are no more than there are", async () => {
  using gpu = await Gpu.open();
  const same = { values: Float32Array.of(1, 0, 1, 0, 0, 1, 1, 0), width: 2 };
  const found = await nearest(gpu, { values: Float32Array.of(2, 0), width: 2 }, same, 9);
  deepEqual([...found.indices], [0, 1, 3, 2]);
  deepEqual([...found.similarities], [1, 1, 1, 0]);
});

Deno.test("rows have length 1 afterwards, but for one of zeros", () => {
  const { values } = normalizedRows({ values: Float32Array.of(3, 4, 0, 0), width: 2 });
  deepEqual([...values], [...Float32Array.of(0.6, 0.8), 0, 0]);
});
