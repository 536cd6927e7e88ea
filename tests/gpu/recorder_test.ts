import { deepEqual, equal } from "node:assert/strict";
import { gridOf, MAX_GRID_AXIS, packParams } from "../../src/gpu/recorder.ts";

Deno.test("packParams() packs scalars in order, 4 bytes each, padded to 16", () => {
  const packed = packParams(["u32", 7], ["f32", 0.5], ["i32", -2], ["u32", 0xffff_ffff], [
    "u32",
    1,
  ]);
  equal(packed.byteLength, 32);
  const data = new DataView(packed);
  equal(data.getUint32(0, true), 7);
  equal(data.getFloat32(4, true), 0.5);
  equal(data.getInt32(8, true), -2);
  equal(data.getUint32(12, true), 0xffff_ffff);
  equal(data.getUint32(16, true), 1);
  deepEqual(new Uint8Array(packed, 20), new Uint8Array(12));
});

Deno.test("packParams() is never empty, as a uniform buffer must not be", () => {
  equal(packParams().byteLength, 16);
});

Deno.test("gridOf() keeps a count that fits one axis", () => {
  deepEqual(gridOf(1), [1, 1, 1]);
  deepEqual(gridOf(MAX_GRID_AXIS), [MAX_GRID_AXIS, 1, 1]);
});

Deno.test("gridOf() folds a count that passes one axis, with less than a row to spare", () => {
  for (const count of [MAX_GRID_AXIS + 1, 100_003, 2 * MAX_GRID_AXIS + 1, 10_000_019]) {
    const [x, y, z] = gridOf(count);
    equal(Math.max(x, y) <= MAX_GRID_AXIS, true, `${count} becomes ${x} x ${y}`);
    equal(
      x * y >= count && x * (y - 1) < count && x * y - count < y,
      true,
      `${count}: ${x} x ${y}`,
    );
    equal(z, 1);
  }
});

Deno.test("gridOf() takes a grid as it is", () => {
  deepEqual(gridOf([3, 4]), [3, 4, 1]);
  deepEqual(gridOf([3, 4, 5]), [3, 4, 5]);
});
