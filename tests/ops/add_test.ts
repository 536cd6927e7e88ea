import { equal, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { addInto } from "../../src/ops/add.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";

Deno.test("addInto() adds every element, on more workgroups than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  for (const size of [1, 257, 65_536 * 256 + 3]) {
    const [x, y] = [randomArray(size, { seed: 1 }), randomArray(size, { seed: 2 })];
    const into = gpu.upload([size], y, "into");
    addInto(gpu, gpu.upload([size], x, "x"), into);
    const expected = y.map((value, i) => Math.fround(value + x[i]));
    assertAllClose(await gpu.download(into), expected, { rtol: 0, atol: 0 });
  }
});

Deno.test("addInto() names the shapes that differ, and takes empty tensors", async () => {
  using gpu = await Gpu.open();
  const [x, into] = [gpu.empty([2, 3], "x"), gpu.empty([3, 2], "into")];
  throws(
    () => addInto(gpu, x, into),
    new ShapeError("Cannot run addInto: into must have shape [2, 3], got [3, 2]"),
  );
  const nothing = gpu.empty([0, 4], "nothing");
  addInto(gpu, nothing, nothing);
  equal((await gpu.download(nothing)).length, 0);
});
