import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { gatherRows, NO_ROW, scatterAddRows } from "../../src/ops/gather_rows.ts";
import { gatherRowsReference } from "../reference/gather_rows.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("gatherRows() picks rows and gives zeros for none", async (t) => {
  using gpu = await Gpu.open();
  const cases = [
    { numTokens: 1, dim: 1, indices: [0] },
    { numTokens: 7, dim: 5, indices: [6, NO_ROW, 0, 3, 3] },
    { numTokens: 90, dim: 384, indices: [89, 17, NO_ROW] },
    // More workgroups than one grid axis holds.
    { numTokens: 3, dim: 65_537, indices: Array.from({ length: 257 }, (_, i) => i % 4) },
  ];
  for (const { numTokens, dim, indices: picked } of cases) {
    await t.step(`[${numTokens}, ${dim}] at ${picked.length} rows`, async () => {
      const indices = Uint32Array.from(picked, (index) => index < numTokens ? index : NO_ROW);
      const x = randomArray(numTokens * dim, { seed: 1 });
      const y = gatherRows(
        poisoned(gpu),
        gpu.upload([numTokens, dim], x, "x"),
        gpu.upload([indices.length], indices, "indices"),
      );
      const expected = gatherRowsReference(x, dim, indices);
      assertAllClose(await gpu.download(y), expected, { rtol: 0, atol: 0 });
    });
  }
});

Deno.test("scatterAddRows() adds each row where gatherRows() took it", async () => {
  using gpu = await Gpu.open();
  const [numTokens, dim] = [6, 70];
  const indices = Uint32Array.of(5, NO_ROW, 0, 2);
  const before = randomArray(numTokens * dim, { seed: 1 });
  const dRows = randomArray(indices.length * dim, { seed: 2 });
  const into = gpu.upload([numTokens, dim], before, "into");
  const indexTensor = gpu.upload([indices.length], indices, "indices");
  scatterAddRows(gpu, gpu.upload([indices.length, dim], dRows, "dRows"), indexTensor, into);

  const expected = Float64Array.from(before);
  indices.forEach((token, row) => {
    if (token === NO_ROW) return;
    for (let col = 0; col < dim; col++) expected[token * dim + col] += dRows[row * dim + col];
  });
  assertAllClose(await gpu.download(into), expected, { rtol: 1e-6, atol: 1e-7 });
});

Deno.test("gatherRows() and scatterAddRows() take no rows at all", async () => {
  using gpu = await Gpu.open();
  const x = gpu.upload([2, 1], Float32Array.of(3, 4), "x");
  const none = gpu.empty([0], "indices", "u32");
  scatterAddRows(gpu, gatherRows(gpu, x, none), none, x);
  assertAllClose(await gpu.download(x), [3, 4]);
});

Deno.test("scatterAddRows() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [dRows, indices, into] = [[4, 8], [4], [9, 7]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => scatterAddRows(gpu, dRows, indices, into),
    new ShapeError("Cannot run scatterAddRows: into must have shape [numTokens, 8], got [9, 7]"),
  );
});
