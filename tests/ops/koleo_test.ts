import { ok, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { koleo, koleoBackward } from "../../src/ops/koleo.ts";
import { koleoReference } from "../reference/koleo.ts";
import { assertAllClose, centralDifferences, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

/** Losses of all groups in float64. */
function lossesReference(x: ArrayLike<number>, groups: number, dim: number): Float64Array {
  const group = x.length / groups;
  const values = Float64Array.from(x);
  return Float64Array.from(
    { length: groups },
    (_, index) => koleoReference(values.subarray(index * group, (index + 1) * group), dim),
  );
}

/** A temperature, which KoLeo does not have, and the loss scale. */
function scalarsOf(gpu: Gpu, lossScale: number): Tensor {
  return gpu.upload([2], Float32Array.of(NaN, lossScale), "loss_scalars");
}

Deno.test("koleo() and its gradient match the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // A pair; odd sizes; more rows, then more columns, than lanes.
  for (const [groups, rows, dim] of [[1, 2, 3], [2, 5, 7], [2, 140, 4], [3, 4, 150]] as const) {
    await t.step(`${groups} x [${rows}, ${dim}]`, async () => {
      const recorder = poisoned(gpu);
      const x = randomArray(groups * rows * dim, { seed: 3 });
      const tokens = gpu.upload([groups * rows, dim], x, "x");
      const { losses, saved } = koleo(recorder, tokens, { groups });
      assertAllClose(await gpu.download(losses), lossesReference(x, groups, dim));

      const dx = await gpu.download(koleoBackward(recorder, saved, 0.7 / 8, scalarsOf(gpu, 8)));
      const at = [...x.keys()].filter((i) => i % Math.ceil(x.length / 64) === 0);
      const expected = centralDifferences(
        (point) => 0.7 * lossesReference(point, groups, dim).reduce((sum, loss) => sum + loss),
        x,
        { h: 1e-6, at },
      );
      // Distances d of near rows lose digits to 1/d.
      assertAllClose(at.map((i) => dx[i]), expected, { rtol: 1e-4, atol: 1e-5 });
    });
  }
});

Deno.test("koleo() of rows that are alone is 0, and so is the gradient", async () => {
  using gpu = await Gpu.open();
  const x = gpu.upload([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6), "x");
  const recorder = poisoned(gpu);
  const { losses, saved } = koleo(recorder, x, { groups: 2 });
  assertAllClose(await gpu.download(losses), [0, 0], { atol: 0 });
  const dx = await gpu.download(koleoBackward(recorder, saved, 1, scalarsOf(gpu, 1)));
  assertAllClose(dx, new Float32Array(6), { atol: 0 });
});

Deno.test("koleo() stays finite where rows are equal or zero", async () => {
  using gpu = await Gpu.open();
  const x = Float32Array.of(1, 2, 1, 2, 0, 0, 0, 0);
  const { losses, saved } = koleo(gpu, gpu.upload([4, 2], x, "x"), { groups: 1 });
  assertAllClose(await gpu.download(losses), [koleoReference(x, 2)]);
  const dx = await gpu.download(koleoBackward(gpu, saved, 1, scalarsOf(gpu, 1)));
  ok(dx.every(Number.isFinite), `dx must be finite, got ${dx}`);
});

Deno.test("koleo() gives the recorded losses and gradients", async (t) => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  for (const name of ["koleo_B3_D32", "koleo_B8_D384", "koleo_B2_D5"]) {
    await t.step(name, async () => {
      const x = gpu.upload(golden.shape(`${name}.x`), golden.f32(`${name}.x`), "x");
      const { losses, saved } = koleo(gpu, x, { groups: 1 });
      assertAllClose(await gpu.download(losses), golden.f32(`${name}.loss`));
      const dx = koleoBackward(gpu, saved, 1, scalarsOf(gpu, 1));
      assertAllClose(await gpu.download(dx), golden.f32(`${name}.grad_x`));
    });
  }
});

Deno.test("koleo() names the rows that do not divide into groups", async () => {
  using gpu = await Gpu.open();
  throws(
    () => koleo(gpu, gpu.empty([5, 8], "x"), { groups: 2 }),
    new ShapeError("Cannot run koleo: the rows of x must divide into 2 groups, got 5"),
  );
});
