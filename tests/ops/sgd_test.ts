import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { sgd } from "../../src/ops/sgd.ts";
import { sgdReference } from "../reference/softmax_regression.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";

const MOMENTUM = 0.9;

Deno.test("sgd() matches the float64 reference over steps of a schedule", async (t) => {
  using gpu = await Gpu.open();
  // One element, odd sizes, a group of more workgroups than one grid axis holds.
  for (const [groups, size] of [[1, 1], [3, 77], [1, 16_800_000]] as const) {
    await t.step(`${groups} groups of ${size}`, async () => {
      const count = groups * size;
      const rates = Float32Array.from({ length: groups }, (_, i) => 0.5 / (i + 1));
      const start = randomArray(count, { seed: 1 });
      const values = gpu.upload([groups, size], start, "values");
      const velocity = gpu.upload([groups, size], new Float32Array(count), "velocity");
      const lr = gpu.upload([groups], rates, "lr");
      const expected = Float64Array.from(start);
      const sums = new Float64Array(count);
      const factors = size > 1000 ? [1] : [1, 0.5, 0.25];
      for (const [step, factor] of factors.entries()) {
        const grads = randomArray(count, { seed: 2 + step });
        sgd(gpu, {
          values,
          velocity,
          grads: gpu.upload([groups, size], grads, "grads"),
          lr,
          factor: gpu.upload([1], Float32Array.of(factor), "factor"),
          momentum: MOMENTUM,
        });
        for (const [group, rate] of rates.entries()) {
          const own = <T extends Float32Array | Float64Array>(all: T) =>
            all.subarray(group * size, (group + 1) * size) as T;
          const settings = { lr: factor * rate, momentum: MOMENTUM };
          sgdReference(own(expected), own(sums), own(grads), settings);
        }
      }
      assertAllClose(await gpu.download(values), expected, undefined, "values");
      assertAllClose(await gpu.download(velocity), sums, undefined, "velocity");
    });
  }
});

Deno.test("sgd() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [values, one] = [gpu.empty([2, 3], "values"), gpu.empty([1], "one")];
  throws(
    () =>
      sgd(gpu, { values, velocity: values, grads: values, lr: one, factor: one, momentum: 0.9 }),
    new ShapeError("Cannot run sgd: lr must have shape [2], got [1]"),
  );
});
