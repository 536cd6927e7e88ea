import { equal, rejects } from "node:assert/strict";
import { openDevice } from "../../src/gpu/device.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { assertPrecision, precisionRefusal } from "../../src/training/assert_precision.ts";

const MISSING = "Cannot run precision=16-mixed on a GPU: it must offer shader-f16, got none; use " +
  "precision=32-true, or the newest driver of the GPU";

Deno.test("16-mixed is refused where shader-f16 is missing, 32-true nowhere", async () => {
  const open = await openDevice();
  try {
    const without = { ...open, facts: { ...open.facts, name: "a GPU", shaderF16: false } };
    equal(precisionRefusal(without.facts, { precision: "16-mixed" }), MISSING);
    equal(precisionRefusal(without.facts, { precision: "auto" }), null);
    await rejects(assertPrecision(without, { precision: "16-mixed" }), new GpuError(MISSING));
    await assertPrecision(without, { precision: "32-true" });
    if (open.facts.shaderF16) await assertPrecision(open, { precision: "16-mixed" });
  } finally {
    open.close();
  }
});
