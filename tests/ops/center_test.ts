import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { updateCenter } from "../../src/ops/center.ts";
import { meanRows } from "../../src/ops/mean_rows.ts";
import { updateCenterReference } from "../reference/center.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";

Deno.test("updateCenter() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  for (const numPrototypes of [1, 101, 65_537]) {
    for (const count of [null, 0, 3]) {
      await t.step(`[${numPrototypes}], count ${count}`, async () => {
        const before = randomArray(numPrototypes, { seed: 1 });
        const mean = randomArray(numPrototypes, { seed: 2 });
        const center = gpu.upload([numPrototypes], before, "center");
        const countTensor = count === null ? null : gpu.upload([1], Uint32Array.of(count), "count");
        const batchMean = gpu.upload([1, numPrototypes], mean, "batchMean");
        updateCenter(gpu, center, batchMean, 0.9, countTensor);
        const expected = updateCenterReference(before, mean, 0.9, count ?? 1);
        assertAllClose(await gpu.download(center), expected);
      });
    }
  }
});

Deno.test("updateCenter() follows the recorded centers from step to step", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  for (const kind of ["cls", "patch"]) {
    const center = gpu.upload([64], new Float32Array(64), "center");
    for (let step = 0; step < 4; step++) {
      const name = `centering_n6_m9_K64.step${step}.${kind}`;
      const used = golden.f32(`${name}_center_used`);
      assertAllClose(await gpu.download(center), used, { rtol: 1e-6, atol: 1e-7 });
      const logits = gpu.upload(golden.shape(`${name}_logits`), golden.f32(`${name}_logits`), "x");
      updateCenter(gpu, center, meanRows(gpu, logits, null), 0.9, null);
    }
  }
});

Deno.test("updateCenter() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [center, mean] = [gpu.empty([8], "center"), gpu.empty([2, 8], "mean")];
  throws(
    () => updateCenter(gpu, center, mean, 0.9, null),
    new ShapeError("Cannot run updateCenter: batchMean must have shape [1, 8], got [2, 8]"),
  );
});
