import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { l2Normalize, l2NormalizeBackward } from "../../src/ops/l2_normalize.ts";
import { l2NormalizeReference } from "../reference/l2_normalize.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

/** One step for each way to launch: software adapters take fewer lanes. */
async function stepPerLaunch(
  t: Deno.TestContext,
  gpu: Gpu,
  sizes: string,
  check: (recorder: Recorder) => Promise<void>,
): Promise<void> {
  for (const kernels of ["cpu", "gpu"] as const) {
    const name = `${sizes} kernels=${kernels}`;
    await t.step(name, () => check(poisoned(gpu, { kernels })));
  }
}

Deno.test("l2Normalize() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, an odd tail, a real bottleneck, more workgroups than one grid axis holds.
  for (const [rows, dim] of [[1, 1], [3, 5], [67, 256], [65_536 * 8 + 1, 2]] as const) {
    await stepPerLaunch(t, gpu, `[${rows}, ${dim}]`, async (recorder) => {
      const x = randomArray(rows * dim, { seed: 1, mean: 0.2 });
      const { y } = l2Normalize(recorder, gpu.upload([rows, dim], x, "x"));
      assertAllClose(await gpu.download(y), l2NormalizeReference(x, dim));
    });
  }
});

Deno.test("l2NormalizeBackward() matches central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  for (const [rows, dim] of [[1, 2], [3, 5], [9, 70]] as const) {
    await stepPerLaunch(t, gpu, `[${rows}, ${dim}]`, async (recorder) => {
      const x = randomArray(rows * dim, { seed: 1, mean: 0.2 });
      const dy = randomArray(rows * dim, { seed: 2 });
      const { y, norms } = l2Normalize(recorder, gpu.upload([rows, dim], x, "x"));
      const dx = l2NormalizeBackward(recorder, gpu.upload([rows, dim], dy, "dy"), y, norms);
      const expected = centralDifferences((at) => dot(l2NormalizeReference(at, dim), dy), x);
      assertAllClose(await gpu.download(dx), expected);
    });
  }
});

Deno.test("l2Normalize() divides rows shorter than eps by eps, forward and backward", async () => {
  using gpu = await Gpu.open();
  const x = Float32Array.of(0, 0, 0.03, 0.04, 3, 4);
  const { y, norms } = l2Normalize(gpu, gpu.upload([3, 2], x, "x"), { eps: 0.1 });
  assertAllClose(await gpu.download(y), [0, 0, 0.3, 0.4, 0.6, 0.8]);
  const dy = gpu.upload([3, 2], Float32Array.of(1, 2, 1, 2, 0.6, 0.8), "dy");
  const dx = l2NormalizeBackward(gpu, dy, y, norms, { eps: 0.1 });
  assertAllClose(await gpu.download(dx), [10, 20, 10, 20, 0, 0]);
});

Deno.test("l2Normalize() takes no rows at all", async () => {
  using gpu = await Gpu.open();
  const { y, norms } = l2Normalize(gpu, gpu.empty([0, 4], "x"));
  const dx = l2NormalizeBackward(gpu, gpu.empty([0, 4], "dy"), y, norms);
  assertAllClose(await gpu.download(dx), []);
});

Deno.test("l2NormalizeBackward() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [dy, y, norms] = [[4, 8], [4, 8], [3]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => l2NormalizeBackward(gpu, dy, y, norms),
    new ShapeError("Cannot run l2NormalizeBackward: norms must have shape [4], got [3]"),
  );
});
