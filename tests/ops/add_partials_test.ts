import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { addPartials } from "../../src/ops/add_partials.ts";
import { columnSumReference } from "../reference/matmul.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("addPartials() adds the sum of each column to one tensor or to two", async (t) => {
  using gpu = await Gpu.open();
  // The least there is, odd tails, more splits than one round of all lanes, the most there are.
  for (const [splits, cols] of [[4, 2], [8, 70], [36, 130], [256, 768], [1024, 72]]) {
    for (const kernels of ["cpu", "gpu"] as const) {
      for (const parts of [1, 2]) {
        await t.step(`[${splits}, ${cols}] into ${parts}, kernels=${kernels}`, async () => {
          const partial = randomArray(splits * cols, { seed: 1, mean: 0.5 });
          const old = randomArray(cols, { seed: 2 });
          const width = cols / parts;
          const into = Array.from({ length: parts }, (_, i) => {
            return gpu.upload([width], old.slice(i * width, (i + 1) * width), `into ${i}`);
          });
          const [first, second] = into;
          const tensor = gpu.upload([splits, cols], partial, "partial");
          addPartials(poisoned(gpu, { kernels }), tensor, second ? [first, second] : [first]);
          const sums = await Promise.all(into.map((each) => gpu.download(each)));
          const expected = columnSumReference(partial, cols).map((v, i) => v + old[i]);
          assertAllClose(sums.flatMap((each) => [...each]), expected);
        });
      }
    }
  }
});

Deno.test("addPartials() of nothing leaves the sums alone, and says what does not fit", async () => {
  using gpu = await Gpu.open();
  const sums = gpu.upload([2], Float32Array.of(1, 2), "sums");
  addPartials(gpu, gpu.empty([0, 2], "partial"), [sums]);
  deepEqual([...await gpu.download(sums)], [1, 2]);
  throws(
    () => addPartials(gpu, gpu.empty([4, 6], "partial"), [sums, sums]),
    new ShapeError("Cannot run addPartials: into must have shape [3], got [2]"),
  );
});
