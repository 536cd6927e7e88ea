import { deepEqual, equal } from "node:assert/strict";
import { leaveOneOut } from "../../src/eval/leave_one_out.ts";
import { nearest } from "../../src/eval/nearest.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { randomArray } from "../support/arrays.ts";

Deno.test("leaveOneOut() leaves each vector out of its own neighbours", async () => {
  using gpu = await Gpu.open();
  const [rows, width, k] = [50, 6, 5];
  const values = Float32Array.from(randomArray(rows * width, { seed: 3 }));
  const all = { values, width };
  const found = leaveOneOut(await nearest(gpu, all, all, k + 1));
  equal(found.k, k);
  for (let query = 0; query < rows; query++) {
    const others = Array.from(values.keys()).slice(0, rows).filter((index) => index !== query);
    const ranked = others.sort((a, b) => cosine(all, query, b) - cosine(all, query, a));
    const places = [query * k, (query + 1) * k] as const;
    deepEqual([...found.indices.subarray(...places)], ranked.slice(0, k));
    ranked.slice(0, k).forEach((index, i) => {
      const near = Math.abs(found.similarities[places[0] + i] - cosine(all, query, index)) < 1e-5;
      equal(near, true, `query ${query}, rank ${i}`);
    });
  }
});

Deno.test("leaveOneOut() of vectors that are alike drops the last where one is not its own", async () => {
  using gpu = await Gpu.open();
  const same = { values: Float32Array.of(1, 0, 1, 0, 1, 0), width: 2 };
  const alike = leaveOneOut(await nearest(gpu, same, same, 2)); // 0 and 1, for each of them
  deepEqual([...alike.indices], [1, 0, 0]);
});

function cosine(
  { values, width }: { values: Float32Array; width: number },
  a: number,
  b: number,
): number {
  const [left, right] = [a, b].map((row) => values.subarray(row * width, (row + 1) * width));
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}
