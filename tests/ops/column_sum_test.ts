import { deepEqual, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { columnSum } from "../../src/ops/column_sum.ts";
import { columnSumReference } from "../reference/matmul.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("columnSum() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, odd tails, the width of ViT-S, the tokens of a large batch.
  for (const [rows, cols] of [[1, 1], [33, 3], [70, 385], [70, 392], [100_003, 5]]) {
    await t.step(`[${rows}, ${cols}]`, async () => {
      const x = randomArray(rows * cols, { seed: 1, mean: 1 });
      const old = randomArray(cols, { seed: 2 });
      const sums = gpu.upload([cols], old, "sums");
      columnSum(poisoned(gpu), gpu.upload([rows, cols], x, "x"), sums);
      const expected = columnSumReference(x, cols).map((v, i) => v + old[i]);
      assertAllClose(await gpu.download(sums), expected);
    });
  }
});

Deno.test("columnSum() of no rows leaves the sums alone", async () => {
  using gpu = await Gpu.open();
  const sums = gpu.upload([2], Float32Array.of(1, 2), "sums");
  columnSum(gpu, gpu.empty([0, 2], "x"), sums);
  deepEqual([...await gpu.download(sums)], [1, 2]);
});

Deno.test("columnSum() says which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  throws(
    () => columnSum(gpu, gpu.empty([4, 3], "x"), gpu.empty([4], "sums")),
    new ShapeError("Cannot run columnSum: into must have shape [3], got [4]"),
  );
});
