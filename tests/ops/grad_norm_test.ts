import { deepEqual, equal, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { gradNorm } from "../../src/ops/grad_norm.ts";
import { gradNormReference } from "../reference/grad_norm.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

/** A norm is one number of many: it must be exact to a few ulps, whatever the count. */
const NORM = { rtol: 1e-6, atol: 0 };

Deno.test("gradNorm() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // Nothing, one, odd tails, one workgroup exactly and one more, a buffer without elements.
  for (const counts of [[], [1], [7, 300], [16_384], [16_385, 0, 5], [100_003, 64, 32_768]]) {
    await t.step(`[${counts}]`, async () => {
      const grads = counts.map((count, i) => randomArray(count, { seed: i + 1 }));
      const tensors = grads.map((grad) =>
        grad.length ? gpu.upload([grad.length], grad, "grad") : gpu.empty([0], "grad")
      );
      for (const maxNorm of [0.5, 3, 1000]) {
        const result = await gpu.download(gradNorm(poisoned(gpu), tensors, maxNorm));
        assertAllClose(result, gradNormReference(grads, maxNorm), NORM);
      }
    });
  }
});

Deno.test("gradNorm() keeps its digits over 20 million elements, and its bits", async () => {
  using gpu = await Gpu.open();
  const grad = randomArray(20_000_001, { seed: 1, mean: 1e-3, scale: 1e-3 });
  const tensor = gpu.upload([grad.length], grad, "grad");
  const result = await gpu.download(gradNorm(poisoned(gpu), [tensor], 3));
  assertAllClose(result, gradNormReference([grad], 3), NORM);
  deepEqual(await gpu.download(gradNorm(poisoned(gpu), [tensor], 3)), result);
});

Deno.test("gradNorm() matches the recorded reference", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_adamw");
  for (const name of ["clip_0", "clip_1"]) {
    const { max_norm: maxNorm, total_norm: totalNorm } = golden.json.cases[name];
    const grads = [golden.f32(`${name}.grad0`), golden.f32(`${name}.grad1`)];
    const tensors = grads.map((grad) => gpu.upload([grad.length], grad, "grad"));
    const [norm, clip] = await gpu.download(gradNorm(gpu, tensors, maxNorm));
    assertAllClose([norm], [totalNorm], NORM);
    grads.forEach((grad, i) => {
      const clipped = grad.map((value) => clip * value);
      assertAllClose(clipped, golden.f32(`${name}.clipped${i}`), { rtol: 1e-6, atol: 1e-7 });
    });
  }
});

Deno.test("gradNorm() of zeros clips nothing", async () => {
  using gpu = await Gpu.open();
  const zeros = gpu.upload([100], new Float32Array(100), "grad");
  const [norm, clip] = await gpu.download(gradNorm(poisoned(gpu), [zeros], 3));
  equal(norm, 0);
  equal(clip, 1);
});

Deno.test("gradNorm() shows a gradient that is not finite, or too large to square", async () => {
  using gpu = await Gpu.open();
  for (const [value, shown] of [[NaN, NaN], [Infinity, Infinity], [1e20, Infinity]]) {
    const grad = randomArray(70_000, { seed: 1 });
    grad[66_000] = value;
    const tensor = gpu.upload([grad.length], grad, "grad");
    equal((await gpu.download(gradNorm(poisoned(gpu), [tensor], 3)))[0], shown);
  }
});

Deno.test("gradNorm() refuses a maxNorm that clips everything or nothing", async () => {
  using gpu = await Gpu.open();
  for (const maxNorm of [0, -1, NaN, Infinity]) {
    throws(
      () => gradNorm(gpu, [], maxNorm),
      new RangeError(`Cannot run gradNorm: maxNorm must be positive and finite, got ${maxNorm}`),
    );
  }
});
