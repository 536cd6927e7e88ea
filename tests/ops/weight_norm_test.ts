import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { weightNorm, weightNormBackward } from "../../src/ops/weight_norm.ts";
import { weightNormReference } from "../reference/weight_norm.ts";
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

Deno.test("weightNorm() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, an odd tail, a real bottleneck, more workgroups than one grid axis holds.
  for (const [rows, dim] of [[1, 1], [101, 5], [65, 256], [65_536 * 8 + 1, 2]] as const) {
    await stepPerLaunch(t, gpu, `[${rows}, ${dim}]`, async (recorder) => {
      const v = randomArray(rows * dim, { seed: 1, mean: 0.2 });
      const g = randomArray(rows, { seed: 2, mean: 1, scale: 0.5 });
      const { weight } = weightNorm(
        recorder,
        gpu.upload([rows, dim], v, "v"),
        gpu.upload([rows, 1], g, "g"),
      );
      assertAllClose(await gpu.download(weight), weightNormReference(v, g));
    });
  }
});

Deno.test("weightNormBackward() adds central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  for (const [rows, dim] of [[1, 2], [5, 7], [66, 3]] as const) {
    await stepPerLaunch(t, gpu, `[${rows}, ${dim}]`, async (recorder) => {
      const v = randomArray(rows * dim, { seed: 1, mean: 0.2 });
      const g = randomArray(rows, { seed: 2, mean: 1, scale: 0.5 });
      const dWeight = randomArray(rows * dim, { seed: 3 });
      const [vTensor, gTensor] = [
        gpu.upload([rows, dim], v, "v"),
        gpu.upload([rows, 1], g, "g"),
      ];
      const grads = {
        v: gpu.upload([rows, dim], new Float32Array(rows * dim).fill(0.5), "dv"),
        g: gpu.upload([rows, 1], new Float32Array(rows).fill(-0.25), "dg"),
      };
      const { norms } = weightNorm(recorder, vTensor, gTensor);
      const dWeightTensor = gpu.upload([rows, dim], dWeight, "dWeight");
      weightNormBackward(recorder, dWeightTensor, vTensor, gTensor, norms, grads);

      const dv = centralDifferences((at) => dot(weightNormReference(at, g), dWeight), v);
      const dg = centralDifferences((at) => dot(weightNormReference(v, at), dWeight), g);
      assertAllClose(await gpu.download(grads.v), dv.map((value) => value + 0.5));
      assertAllClose(await gpu.download(grads.g), dg.map((value) => value - 0.25));
    });
  }
});

Deno.test("weightNorm() gives a row without direction no weight and no gradient", async () => {
  using gpu = await Gpu.open();
  const [v, g] = [gpu.upload([1, 2], new Float32Array(2), "v"), gpu.empty([1, 1], "g")];
  gpu.write(g, Float32Array.of(1));
  const { weight, norms } = weightNorm(gpu, v, g);
  assertAllClose(await gpu.download(weight), [0, 0]);
  const grads = { v: gpu.upload([1, 2], Float32Array.of(7, 8), "dv"), g: gpu.empty([1, 1], "dg") };
  gpu.write(grads.g, Float32Array.of(9));
  const dWeight = gpu.upload([1, 2], Float32Array.of(1, 2), "dWeight");
  weightNormBackward(gpu, dWeight, v, g, norms, grads);
  assertAllClose(await gpu.download(grads.v), [7, 8]);
  assertAllClose(await gpu.download(grads.g), [9]);
});

Deno.test("weightNorm() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [v, g] = [gpu.empty([4, 8], "v"), gpu.empty([4], "g")];
  throws(
    () => weightNorm(gpu, v, g),
    new ShapeError("Cannot run weightNorm: g must have shape [4, 1], got [4]"),
  );
});
