import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { mergeTopK, type TopK, topK } from "../../src/ops/top_k.ts";
import { randomStream } from "../../src/random.ts";
import { topKReference } from "../reference/top_k.ts";
import { randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

async function downloaded(gpu: Gpu, { values, indices }: TopK) {
  return {
    values: [...await gpu.download(values)],
    indices: [...new Uint32Array(await gpu.downloadBytes(indices))],
  };
}

/** Columns of a matrix, from one on. */
function columnsOf(x: Float32Array, cols: number, first: number, count: number): Float32Array {
  const rows = x.length / cols;
  const part = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    part.set(x.subarray(row * cols + first, row * cols + first + count), row * count);
  }
  return part;
}

/** The lists of a matrix that comes in chunks of columns. */
async function inChunks(gpu: Gpu, x: Float32Array, cols: number, k: number, sizes: number[]) {
  const rows = x.length / cols;
  const recorder = poisoned(gpu, { kernels: k < 100 ? "cpu" : "gpu" }); // few lanes and many
  let best: TopK | undefined;
  let seen = 0;
  for (const size of sizes) {
    const chunk = gpu.upload([rows, size], columnsOf(x, cols, seen, size), "chunk");
    if (best === undefined) best = topK(recorder, chunk, k);
    else mergeTopK(recorder, chunk, best, seen);
    seen += size;
  }
  return await downloaded(gpu, best!);
}

/** Numbers of which many are equal: multiples of a quarter, zeros of both signs among them. */
function fewValues(count: number, kinds: number, seed: number): Float32Array {
  const stream = randomStream(seed, "few");
  return Float32Array.from({ length: count }, () => {
    const value = (stream.int(kinds) - (kinds >> 1)) / 4;
    return value === 0 && stream.int(2) === 0 ? -0 : value;
  });
}

const plain = (list: { values: number[]; indices: number[] }) => ({
  values: list.values.map((value) => value + 0), // a negative zero is a zero
  indices: list.indices,
});

Deno.test("topK() gives what a plain sort gives, of any size", async (t) => {
  using gpu = await Gpu.open();
  // One element, none, odd tails, fewer columns than k, as many, the most there may be, more than are
  // gathered at once, more than a stride, more rows than one grid axis holds.
  const sizes = [
    [1, 1, 1],
    [2, 0, 3],
    [3, 7, 5],
    [2, 5, 9],
    [4, 200, 200],
    [5, 256, 256],
    [3, 257, 200],
    [2, 1000, 1],
    [7, 5003, 20],
    [2, 40_000, 200],
    [65_537, 3, 2],
  ];
  for (const [rows, cols, k] of sizes) {
    await t.step(`[${rows}, ${cols}], k ${k}`, async () => {
      const x = Float32Array.from(randomArray(rows * cols, { seed: 1 }));
      const tensor = gpu.upload([rows, cols], x, "x");
      for (const kernels of rows > 1000 ? [gpu.adapter.kernels] : ["cpu", "gpu"] as const) { // lanes
        const found = await downloaded(gpu, topK(poisoned(gpu, { kernels }), tensor, k));
        deepEqual(found, topKReference(x, cols, k, rows));
      }
    });
  }
});

Deno.test("topK() takes equal numbers in the order of their columns", async (t) => {
  using gpu = await Gpu.open();
  const sizes = [[2, 3, 2, 1], [3, 300, 200, 2], [3, 4001, 200, 3], [2, 5000, 256, 40]];
  for (const [rows, cols, k, kinds] of sizes) {
    await t.step(`[${rows}, ${cols}], k ${k}, ${kinds} values`, async () => {
      const x = fewValues(rows * cols, kinds, 2);
      const found = await downloaded(gpu, topK(gpu, gpu.upload([rows, cols], x, "x"), k));
      deepEqual(plain(found), plain(topKReference(x, cols, k)));
    });
  }
});

Deno.test("topK() orders numbers of every size and both signs", async () => {
  using gpu = await Gpu.open();
  const x = Float32Array.of(-1, 3.4e38, -3.4e38, 1.2e-38, -1.2e-38, 0, 1, 0.9999999, -1e-3, 7e20);
  const found = await downloaded(gpu, topK(gpu, gpu.upload([1, 10], x, "x"), 10));
  deepEqual(found, topKReference(x, 10, 10));
});

Deno.test("mergeTopK() makes lists of chunks those of the whole row", async (t) => {
  using gpu = await Gpu.open();
  const chunkings = [[1, 1, 1, 997], [500, 500], [997, 3], [150, 150, 700], [3, 600, 397]];
  for (const sizes of chunkings) {
    await t.step(`chunks of ${sizes}`, async () => {
      for (const k of [1, 10, 200, 256]) {
        const random = Float32Array.from(randomArray(3 * 1000, { seed: k }));
        deepEqual(await inChunks(gpu, random, 1000, k, sizes), topKReference(random, 1000, k));
        const few = fewValues(3 * 1000, 5, k);
        const found = await inChunks(gpu, few, 1000, k, sizes);
        deepEqual(plain(found), plain(topKReference(few, 1000, k)));
        const rising = Float32Array.from({ length: 3000 }, (_, i) => i % 1000); // all are better
        deepEqual(await inChunks(gpu, rising, 1000, k, sizes), topKReference(rising, 1000, k));
      }
    });
  }
});

Deno.test("topK() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const x = gpu.empty([2, 3], "x");
  throws(
    () => topK(gpu, x, 257),
    new ShapeError("Cannot run topK: k must be from 1 to 256, got 257"),
  );
  throws(
    () => topK(gpu, x, 0.5),
    new ShapeError("Cannot run topK: k must be from 1 to 256, got 0.5"),
  );
  const best = topK(gpu, gpu.empty([3, 3], "y"), 2);
  throws(
    () => mergeTopK(gpu, x, best, 3),
    new ShapeError("Cannot run mergeTopK: values must have shape [2, k], got [3, 2]"),
  );
  const long: Tensor = { ...x, shape: [1, 16_776_961] };
  throws(
    () => topK(poisoned(gpu, { kernels: "gpu" }), long, 2),
    new ShapeError(
      "Cannot run topK: a row of x must have at most 16776960 columns, got 16776961; take it in parts",
    ),
  );
});
