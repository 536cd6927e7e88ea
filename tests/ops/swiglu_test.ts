import { equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { swiglu, swigluBackward } from "../../src/ops/swiglu.ts";
import { swigluReference } from "../reference/swiglu.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("swiglu() and its gradient match the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, an odd tail, several workgroups to a row, many rows.
  for (const [rows, hidden] of [[1, 1], [3, 5], [2, 1536], [5000, 8]] as const) {
    await t.step(`[${rows}, 2·${hidden}]`, async () => {
      const x12 = randomArray(rows * 2 * hidden, { seed: 1, scale: 4 });
      const dy = randomArray(rows * hidden, { seed: 2 });
      const input = gpu.upload([rows, 2 * hidden], x12, "x12");
      const y = swiglu(poisoned(gpu), input);
      const dx12 = swigluBackward(poisoned(gpu), gpu.upload([rows, hidden], dy, "dy"), input);

      assertAllClose(await gpu.download(y), swigluReference(x12, hidden));
      const at = rows * hidden < 100 ? undefined : [0, hidden, 2 * hidden - 1, x12.length - 1];
      const loss = (x: Float64Array) => dot(swigluReference(x, hidden), dy);
      const expected = centralDifferences(loss, x12, { at });
      const actual = await gpu.download(dx12);
      assertAllClose(at ? at.map((i) => actual[i]) : actual, expected);
    });
  }
});

Deno.test("swiglu() stays finite where the gate is closed or wide open", async () => {
  using gpu = await Gpu.open();
  const x12 = gpu.upload([2, 2], Float32Array.of(-200, 3, 200, 3), "x12");
  equal((await gpu.download(swiglu(poisoned(gpu), x12))).join(), "0,600");
  const dy = gpu.upload([2, 1], Float32Array.of(1, 1), "dy");
  equal((await gpu.download(swigluBackward(poisoned(gpu), dy, x12))).join(), "0,0,3,200");
});

Deno.test("swiglu() names the tensor whose shape does not fit, and takes no rows", async () => {
  using gpu = await Gpu.open();
  equal((await gpu.download(swiglu(poisoned(gpu), gpu.empty([0, 4], "x12")))).length, 0);
  throws(
    () => swiglu(poisoned(gpu), gpu.empty([4, 7], "x12")),
    new ShapeError("Cannot run swiglu: rows of x12 must have an even length, got 7"),
  );
  throws(
    () => swigluBackward(poisoned(gpu), gpu.empty([4, 8], "dy"), gpu.empty([4, 8], "x12")),
    new ShapeError("Cannot run swigluBackward: dy must have shape [4, 4], got [4, 8]"),
  );
});
