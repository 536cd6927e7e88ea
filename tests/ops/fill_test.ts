import { equal, ok } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { view } from "../../src/gpu/tensor.ts";
import { fill } from "../../src/ops/fill.ts";

Deno.test("fill() sets every element, on more workgroups than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  for (const size of [1, 1000, 65_536 * 256 + 3]) {
    const x = gpu.empty([size], "x");
    fill(gpu, x, -1.5);
    const values = await gpu.download(x);
    equal(values.length, size);
    ok(values.every((value) => value === -1.5));
  }
});

Deno.test("fill() writes whole numbers into u32 tensors, and f16 in pairs", async () => {
  using gpu = await Gpu.open();
  const counts = gpu.empty([3], "counts", "u32");
  fill(gpu, counts, 7);
  equal(new Uint32Array(await gpu.downloadBytes(counts)).join(), "7,7,7");
  const halves = gpu.empty([4], "halves", "f16");
  fill(gpu, halves, 0.5);
  equal(new Uint16Array(await gpu.downloadBytes(halves)).join(), "14336,14336,14336,14336");
});

Deno.test("fill() leaves the elements around a view alone, and takes an empty tensor", async () => {
  using gpu = await Gpu.open();
  const x = gpu.upload([192], new Float32Array(192).fill(1), "x");
  fill(gpu, view(x, [64], 64), 2);
  fill(gpu, view(x, [0], 0), 3);
  const expected = Float32Array.from({ length: 192 }, (_, i) => i >= 64 && i < 128 ? 2 : 1);
  equal((await gpu.download(x)).join(), expected.join());
});
