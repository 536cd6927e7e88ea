import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { castInto } from "../../src/ops/cast.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

/** Half of the distance of neighbours in f16, of numbers and of those near 0. */
const ROUNDING = { rtol: 2 ** -10, atol: 2 ** -24 }; // WGSL may take either neighbour

Deno.test("castInto() rounds to f16, and keeps f32", async (t) => {
  using gpu = await Gpu.open();
  for (const elem of ["f32", "f16"] as const) {
    const ignore = elem === "f16" && !gpu.adapter.shaderF16;
    for (const count of [4, 1024, 2 ** 18 + 64]) {
      await t.step({
        name: `${count} as ${elem}`,
        ignore,
        fn: async () => {
          const x = randomArray(count, { seed: 1, scale: 4 });
          const y = poisoned(gpu).empty([count], "y", elem);
          castInto(gpu, gpu.upload([count], x, "x"), y);
          assertAllClose(await gpu.download(y), x, elem === "f32" ? { atol: 0 } : ROUNDING);
        },
      });
    }
  }
});

Deno.test("castInto() keeps what is exact, and makes infinities of what f16 cannot hold", async () => {
  using gpu = await Gpu.open();
  if (!gpu.adapter.shaderF16) return;
  const x = Float32Array.of(-0.5, 65504, 1e6, -1e30);
  const y = gpu.empty([4], "y", "f16");
  castInto(gpu, gpu.upload([4], x, "x"), y);
  deepEqual([...await gpu.download(y)], [-0.5, 65504, Infinity, -Infinity]);
});

Deno.test("castInto() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const [four, six] = [gpu.empty([4], "x"), gpu.empty([6], "y")];
  throws(
    () => castInto(gpu, four, six),
    new ShapeError("Cannot run castInto: into must have shape [4], got [6]"),
  );
  throws(
    () => castInto(gpu, six, six),
    new ShapeError("Cannot run castInto: x must have a multiple of 4 elements, got 6"),
  );
});
