import { Gpu } from "../../src/gpu/gpu.ts";
import { addSums } from "../../src/ops/sums.ts";
import { sumsReference } from "../reference/sums.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";

Deno.test("addSums() matches the float64 reference in both classes", async (t) => {
  using gpu = await Gpu.open();
  // One element; less than a workgroup; an odd tail; a step with 128 images and 10 views.
  for (const [count, period, head] of [[1, 1, 1], [7, 3, 2], [1025, 5, 2], [1280, 10, 2]]) {
    await t.step(`${count} elements, ${head} of ${period}`, async () => {
      const x = randomArray(count, { seed: count, mean: 1 });
      const out = gpu.upload([4], Float32Array.of(10, 20, 30, 40), "out");
      addSums(gpu, gpu.upload([count], x, "x"), out, { slot: 1, period, head, scale: 0.5 });
      const [first, second] = sumsReference(x, { period, head });
      const expected = [10, 20 + first / 2, head < period ? 30 + second / 2 : 30, 40];
      assertAllClose(await gpu.download(out), expected, { rtol: 1e-6, atol: 1e-6 });
    });
  }
});

Deno.test("addSums() gives the same bits each time, and adds nothing for an empty tensor", async () => {
  using gpu = await Gpu.open();
  const x = gpu.upload([999], randomArray(999, { seed: 3 }), "x");
  const outs = [0, 1].map(() => gpu.upload([1], Float32Array.of(0), "out"));
  for (const out of outs) {
    addSums(gpu, x, out, { slot: 0 });
    addSums(gpu, gpu.empty([0], "nothing"), out, { slot: 0 });
  }
  const [first, second] = [await gpu.download(outs[0]), await gpu.download(outs[1])];
  assertAllClose(first, second, { rtol: 0, atol: 0 });
});
