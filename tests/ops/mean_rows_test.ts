import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { meanRows } from "../../src/ops/mean_rows.ts";
import { meanRowsReference } from "../reference/mean_rows.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("meanRows() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, odd tails, a real bottleneck, more rows than a shader loop may count (65,535).
  for (const [rows, dim] of [[1, 1], [3, 5], [19, 70], [257, 256], [65_537, 3]] as const) {
    for (const count of [null, 0, 1, rows - 1, rows + 5]) {
      await t.step(`[${rows}, ${dim}], count ${count}`, async () => {
        const x = randomArray(rows * dim, { seed: 1, mean: 0.5 });
        const countTensor = count === null ? null : gpu.upload([1], Uint32Array.of(count), "count");
        const mean = meanRows(poisoned(gpu), gpu.upload([rows, dim], x, "x"), countTensor);
        const counted = Math.min(count ?? rows, rows);
        assertAllClose(await gpu.download(mean), meanRowsReference(x, dim, counted));
      });
    }
  }
});

Deno.test("meanRows() of no rows is zero", async () => {
  using gpu = await Gpu.open();
  assertAllClose(await gpu.download(meanRows(gpu, gpu.empty([0, 3], "x"), null)), [0, 0, 0]);
});

Deno.test("meanRows() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  throws(
    () => meanRows(gpu, gpu.empty([8], "x"), null),
    new ShapeError("Cannot run meanRows: x must have shape [rows, dim], got [8]"),
  );
});
