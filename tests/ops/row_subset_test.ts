import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { passDropped, rowSubset } from "../../src/ops/row_subset.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";
import { SUBSETS, uploadSubset } from "../support/subsets.ts";

/** The table's pairs, factors as numbers. */
async function pairsOf(gpu: Gpu, subset: Awaited<ReturnType<typeof uploadSubset>>["subset"]) {
  const floats = await gpu.download(subset.table);
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  return Array.from(
    { length: floats.length / 2 },
    (_, row) => [words[2 * row], floats[2 * row + 1]],
  );
}

Deno.test("rowSubset() puts the tokens of kept sequences first, each with its factor", async (t) => {
  using gpu = await Gpu.open();
  for (const each of SUBSETS) {
    await t.step(each.name, async () => {
      const { subset, tokens, factors } = uploadSubset(gpu, each);
      const pairs = await pairsOf(gpu, subset);
      deepEqual(pairs.slice(0, subset.count), tokens.map((token, row) => [token, factors[row]]));
      // The others follow in their order, and none is left out.
      const rest = pairs.slice(subset.count).map(([token]) => token);
      deepEqual(rest, rest.toSorted((a, b) => a - b));
      const all = pairs.map(([token]) => token).sort((a, b) => a - b);
      deepEqual(all, [...pairs.keys()]);
    });
  }
});

Deno.test("passDropped() copies the rows that are not kept, and writes no other", async (t) => {
  using gpu = await Gpu.open();
  for (const [each, dim] of SUBSETS.flatMap((each) => [[each, 5], [each, 8]] as const)) {
    await t.step(`${each.name}, width ${dim}`, async () => {
      const { subset, tokens } = uploadSubset(gpu, each);
      const total = subset.table.shape[0];
      const residual = randomArray(total * dim, { seed: 1 });
      const before = randomArray(total * dim, { seed: 2 });
      const y = gpu.upload([total, dim], before, "y");
      passDropped(poisoned(gpu), subset, gpu.upload([total, dim], residual, "residual"), y);
      const kept = new Set(tokens);
      const expected = residual.map((v, i) => kept.has(Math.floor(i / dim)) ? before[i] : v);
      deepEqual(await gpu.download(y), expected);
    });
  }
});

Deno.test("rowSubset() and passDropped() say which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  const sequences = makeSequences(gpu, [3, 1]);
  throws(
    () => rowSubset(gpu, sequences, gpu.empty([3, 2], "places", "u32"), 1),
    new ShapeError("Cannot run rowSubset: places must have shape [2, 2], got [3, 2]"),
  );
  const subset = { table: gpu.empty([4, 2], "table", "u32"), count: 1 };
  const [four, five] = [gpu.empty([4, 2], "four"), gpu.empty([5, 2], "five")];
  throws(
    () => passDropped(gpu, subset, four, five),
    new ShapeError("Cannot run passDropped: y must have shape [4, 2], got [5, 2]"),
  );
  throws(
    () => passDropped(gpu, subset, five, five),
    new ShapeError("Cannot run passDropped: table must have shape [5, 2], got [4, 2]"),
  );
});
