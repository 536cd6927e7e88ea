import { deepEqual, equal, throws } from "node:assert/strict";
import { type AdapterFacts, DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { view } from "../../src/gpu/tensor.ts";
import { castInto } from "../../src/ops/cast.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { dispatchMatmul, type MatmulVariant, MAX_DEPTH } from "../../src/ops/matmul_dispatch.ts";
import { splitDepth, splitTiles } from "../../src/ops/matmul_split.ts";
import { tilesFor } from "../../src/ops/matmul_tile.ts";
import { matmulReference, productAt } from "../reference/matmul.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned, preferring } from "../support/poisoned.ts";

/** The variants that this adapter can run. */
function variantsOf({ adapter }: Gpu): MatmulVariant[] {
  return adapter.software && adapter.subgroupSize === 8 ? ["tiled", "subgroup"] : ["tiled"];
}

/** A GPU, which long sums with few tiles leave idle. */
const HARDWARE = { kernels: "gpu" } as const;

const FORMS = [[false, false], [false, true], [true, false], [true, true]] as const;

/** Partial sums grow with √n and are rounded n times: one f32 rounding unit for each step. */
const sumTolerance = (depth: number) => ({ rtol: 1e-5, atol: 2 ** -24 * (depth + 2) });

Deno.test("matmul() matches the float64 reference in every form and variant", async (t) => {
  using gpu = await Gpu.open();
  // One element, odd tails below and above a tile, a whole tile, the width of ViT-S; tails that come
  // in fours along some axes or all, which some variants load at once.
  const sizes = [
    [1, 1, 1],
    [5, 3, 7],
    [33, 65, 19],
    [128, 64, 16],
    [131, 67, 50],
    [9, 130, 384],
    [36, 68, 20],
    [36, 68, 19],
    [33, 36, 12],
    // In eights along all axes, along k only by the one operand, along rows and columns only.
    [40, 136, 24],
    [8, 8, 8],
    [37, 72, 48],
    [72, 40, 37],
  ];
  for (const variant of variantsOf(gpu)) {
    for (const [rows, cols, depth] of sizes) {
      await t.step(`${variant} [${rows}, ${depth}] · [${depth}, ${cols}]`, async () => {
        for (const [transposeA, transposeB] of FORMS) {
          const product = { rows, cols, depth, transposeA, transposeB };
          const a = randomArray(rows * depth, { seed: 1 });
          const b = randomArray(depth * cols, { seed: 2 });
          const y = matmul(
            poisoned(gpu),
            gpu.upload(transposeA ? [depth, rows] : [rows, depth], a, "a"),
            gpu.upload(transposeB ? [cols, depth] : [depth, cols], b, "b"),
            { transposeA, transposeB, variant },
          );
          const expected = matmulReference(a, b, product);
          assertAllClose(await gpu.download(y), expected, sumTolerance(depth));
        }
      });
    }
  }
});

Deno.test("matmul() matches the float64 reference with tiles of every shape", async (t) => {
  using gpu = await Gpu.open();
  for (const { name } of tilesFor(gpu.adapter).slice(1)) { // the first is tested above
    for (const [rows, cols, depth] of [[131, 140, 50], [9, 3, 7], [36, 68, 2100]]) {
      await t.step(`${name} [${rows}, ${depth}] · [${depth}, ${cols}]`, async () => {
        const recorder = preferring(poisoned(gpu, HARDWARE), name);
        for (const [transposeA, transposeB] of FORMS) {
          const [a, b] = [rows * depth, depth * cols].map((n, seed) => randomArray(n, { seed }));
          const left = gpu.upload(transposeA ? [depth, rows] : [rows, depth], a, "a");
          const right = gpu.upload(transposeB ? [cols, depth] : [depth, cols], b, "b");
          const y = matmul(recorder, left, right, { transposeA, transposeB });
          const expected = matmulReference(a, b, { rows, cols, depth, transposeA, transposeB });
          assertAllClose(await gpu.download(y), expected, sumTolerance(depth));
        }
      });
    }
  }
});

Deno.test("tilesFor() gives those that fit the adapter's workgroups", () => {
  const namesOf = (facts: Partial<AdapterFacts>) =>
    tilesFor({ ...DEFAULT_FACTS, ...facts }).map(({ name }) => name);
  deepEqual(namesOf({}), ["128x64", "64x64", "64x128"]);
  deepEqual(namesOf({ maxWorkgroupBytes: 32_768 }), ["128x64", "64x64", "64x128", "128x128"]);
  deepEqual(namesOf({ maxWorkgroupBytes: 32_768, maxWorkgroupLanes: 128 }), [
    "128x64",
    "64x64",
    "64x128",
  ]);
});

Deno.test("splitTiles() offers longer and shorter sums beside those of each tile", () => {
  const namesOf = (rows: number, cols: number, depth: number) =>
    splitTiles(DEFAULT_FACTS, { rows, cols, depth }).map(({ name }) => name);
  deepEqual(namesOf(384, 384, 61_056), [
    "128x64 of 2192",
    "64x64 of 4368",
    "64x128 of 2192",
    "128x64 of 4368",
    "128x64 of 1104",
  ]);
  deepEqual(namesOf(61_056, 384, 1536), ["128x64", "64x64", "64x128"]);
});

Deno.test("matmul() adds to a tensor or overwrites one", async () => {
  using gpu = await Gpu.open();
  const [rows, cols, depth] = [35, 37, 11];
  const [a, b, old] = [rows * depth, depth * cols, rows * cols].map((n, seed) =>
    randomArray(n, { seed })
  );
  const expected = matmulReference(a, b, { rows, cols, depth });
  for (const variant of variantsOf(gpu)) {
    const left = gpu.upload([rows, depth], a, "a");
    const right = gpu.upload([depth, cols], b, "b");
    const target = gpu.upload([rows, cols], old, "target");
    const sum = matmul(gpu, left, right, { add: target, variant });
    assertAllClose(await gpu.download(sum), expected.map((v, i) => v + old[i]));
    const fresh = matmul(gpu, left, right, { into: target, variant });
    assertAllClose(await gpu.download(fresh), expected);
  }
});

Deno.test("matmul() reads and writes f16, with sums in f32", async () => {
  using gpu = await Gpu.open();
  if (!gpu.adapter.shaderF16) return;
  const half = (values: Float32Array, shape: number[]) => {
    const tensor = gpu.empty([values.length], "half", "f16");
    castInto(gpu, gpu.upload([values.length], values, "whole"), tensor);
    return view(tensor, shape);
  };
  // In eights, in fours.
  for (const [rows, cols, depth] of [[40, 136, 24], [36, 68, 20]]) {
    for (const variant of variantsOf(gpu)) {
      for (const [transposeA, transposeB] of FORMS) {
        const a = half(
          randomArray(rows * depth, { seed: 1 }),
          transposeA ? [depth, rows] : [rows, depth],
        );
        const b = half(
          randomArray(depth * cols, { seed: 2 }),
          transposeB ? [cols, depth] : [depth, cols],
        );
        const product = { rows, cols, depth, transposeA, transposeB };
        const expected = matmulReference(await gpu.download(a), await gpu.download(b), product);
        const forms = { transposeA, transposeB, variant };
        const y = matmul(gpu, a, b, forms);
        equal(y.dtype, "f16");
        assertAllClose(await gpu.download(y), expected, { rtol: 2 ** -11, atol: 1e-6 }); // rounded once
        const target = gpu.keep("state", [rows, cols], "target", "f32");
        matmul(gpu, a, b, { ...forms, add: target });
        assertAllClose(await gpu.download(target), expected, sumTolerance(depth));
      }
    }
  }
});

Deno.test("matmul() sums over many tokens in parts that a cache holds", async () => {
  using gpu = await Gpu.open();
  const [rows, cols, depth] = [40, 24, 1501];
  const [a, b, old] = [rows * depth, depth * cols, rows * cols].map((n, seed) =>
    randomArray(n, { seed })
  );
  const product = matmulReference(a, b, { rows, cols, depth, transposeA: true });
  const expected = product.map((value, i) => value + old[i]);
  for (const variant of variantsOf(gpu)) {
    const target = gpu.upload([rows, cols], old, "target");
    const left = gpu.upload([depth, rows], a, "a");
    const right = gpu.upload([depth, cols], b, "b");
    matmul(gpu, left, right, { transposeA: true, add: target, variant });
    assertAllClose(await gpu.download(target), expected, sumTolerance(depth));
  }
});

Deno.test("matmul() sums in parts what is longer than one loop may be", async () => {
  using gpu = await Gpu.open();
  const [rows, cols, depth] = [2, 3, 2 * MAX_DEPTH + 7];
  const a = randomArray(rows * depth, { seed: 1, mean: 1 });
  const b = randomArray(depth * cols, { seed: 2, mean: 1 });
  for (const variant of variantsOf(gpu)) {
    const y = matmul(
      gpu,
      gpu.upload([depth, rows], a, "a"),
      gpu.upload([depth, cols], b, "b"),
      { transposeA: true, variant },
    );
    const expected = matmulReference(a, b, { rows, cols, depth, transposeA: true });
    // A running f32 sum of 131,000 positive terms loses up to 1 in 10,000.
    assertAllClose(await gpu.download(y), expected, { rtol: 1e-4 });
  }
});

Deno.test("matmul() of f16 keeps a sum of several dispatches in f32 until it is whole", async () => {
  using gpu = await Gpu.open({ elem: "f16" });
  if (!gpu.adapter.shaderF16) return;
  const [rows, cols, depth] = [2, 3, MAX_DEPTH + 7];
  const [a, b] = [rows * depth, depth * cols].map((length, seed) =>
    Float32Array.from(new Float16Array(randomArray(length, { seed, scale: 0.5, mean: 0.1 })))
  );
  const expected = matmulReference(a, b, { rows, cols, depth });
  for (const variant of variantsOf(gpu)) {
    const y = matmul(
      poisoned(gpu),
      gpu.upload([rows, depth], a, "a", "f16"),
      gpu.upload([depth, cols], b, "b", "f16"),
      { variant },
    );
    equal(y.dtype, "f16");
    assertAllClose(await gpu.download(y), expected, { rtol: 2 ** -10 });
  }
});

Deno.test("matmul() names operands that are not stored alike", async () => {
  using gpu = await Gpu.open();
  const [a, b] = [gpu.empty([2, 3], "a", "f16"), gpu.empty([3, 4], "b")];
  throws(
    () => matmul(gpu, a, b),
    new ShapeError("Cannot run matmul: a and b must both be f32 or both f16, got f16 and f32"),
  );
});

Deno.test("matmul() shares a long sum out on a GPU, to the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // Two parts; many parts, the last one short; more than one tile with odd tails; a long loop.
  const sizes = [[5, 3, 1024], [33, 65, 4999], [130, 67, 1555], [2, 3, MAX_DEPTH + 5]];
  for (const [rows, cols, depth] of sizes) {
    await t.step(`[${rows}, ${depth}] · [${depth}, ${cols}]`, async () => {
      for (const [transposeA, transposeB] of FORMS) {
        const labels: string[] = [];
        const recorder = poisoned(gpu, HARDWARE);
        const watched: Recorder = {
          ...recorder,
          run: (dispatch) => void (labels.push(dispatch.label), recorder.run(dispatch)),
        };
        const product = { rows, cols, depth, transposeA, transposeB };
        const [a, b, old] = [rows * depth, depth * cols, rows * cols].map((n, seed) =>
          randomArray(n, { seed })
        );
        const left = gpu.upload(transposeA ? [depth, rows] : [rows, depth], a, "a");
        const right = gpu.upload(transposeB ? [cols, depth] : [depth, cols], b, "b");
        const target = gpu.upload([rows, cols], old, "target");
        const forms = { transposeA, transposeB };
        const y = matmul(watched, left, right, forms);
        matmul(watched, left, right, { ...forms, add: target });
        const expected = matmulReference(a, b, product);
        assertAllClose(await gpu.download(y), expected, sumTolerance(depth));
        const sums = expected.map((value, i) => value + old[i]);
        assertAllClose(await gpu.download(target), sums, sumTolerance(depth));
        const again = await gpu.download(matmul(recorder, left, right, forms));
        deepEqual(again, await gpu.download(y));
        deepEqual(
          labels,
          ["partial_sums", "store", "partial_sums", "add"].map((entryPoint) =>
            `matmul_split.${entryPoint}`
          ),
        );
      }
    });
  }
});

Deno.test("splitDepth() cuts sums where tiles alone leave a GPU idle, in whole blocks", () => {
  const tile = { tileRows: 128, tileCols: 64 };
  const partOf = (rows: number, cols: number, depth: number) =>
    splitDepth(tile, { rows, cols, depth });
  equal(partOf(192, 256, 65_536), 1024); // features' gradient of a chunk of 65,536 prototypes
  equal(partOf(384, 384, 61_056), 2192); // weight of ViT-S: 18 tiles, 28 parts
  equal(partOf(192, 256, 1023), 1023); // too short
  equal(partOf(61_056, 384, 1536), 1536); // tiles enough
  equal(partOf(0, 256, 65_536), 65_536);
  equal(partOf(2048, 1024, 3 * MAX_DEPTH), MAX_DEPTH); // two parts would loop too long
});

Deno.test("matmul() covers more tiles than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  for (const variant of variantsOf(gpu)) {
    const rows = variant === "tiled" ? 65_537 : 65_537 * 32; // one column of tiles in each
    const product = { rows, cols: 1, depth: 1 };
    const a = randomArray(rows, { seed: 1 });
    const [left, right] = [gpu.upload([rows, 1], a, "a"), gpu.upload([1, 1], a.slice(0, 1), "b")];
    const y = await gpu.download(matmul(gpu, left, right, { variant }));
    for (const row of [0, 65_535, 65_536, rows - 33, rows - 1]) {
      assertAllClose([y[row]], [productAt(a, a, product, row, 0)]);
    }
  }
});

Deno.test("matmul() gives the same bits each time", async () => {
  using gpu = await Gpu.open();
  const a = gpu.upload([70, 90], randomArray(6300, { seed: 1 }), "a");
  const first = await gpu.download(matmul(gpu, a, a, { transposeA: true }));
  deepEqual(await gpu.download(matmul(gpu, a, a, { transposeA: true })), first);
});

Deno.test("matmul() takes empty tensors", async () => {
  using gpu = await Gpu.open();
  const y = matmul(gpu, gpu.empty([0, 4], "a"), gpu.empty([4, 5], "b"));
  deepEqual(y.shape, [0, 5]);
  for (const variant of variantsOf(gpu)) {
    const options = { variant };
    const zeros = matmul(poisoned(gpu), gpu.empty([2, 0], "a"), gpu.empty([0, 3], "b"), options);
    deepEqual([...await gpu.download(zeros)], [0, 0, 0, 0, 0, 0]);
  }
  const grad = gpu.upload([1, 2], Float32Array.of(3, 4), "grad");
  matmul(gpu, gpu.empty([0, 1], "a"), gpu.empty([0, 2], "b"), { transposeA: true, add: grad });
  deepEqual([...await gpu.download(grad)], [3, 4]);
});

Deno.test("matmul() says which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  const [a, b, c] = [gpu.empty([2, 3], "a"), gpu.empty([4, 5], "b"), gpu.empty([2, 2], "c")];
  throws(
    () => matmul(gpu, a, b),
    new ShapeError("Cannot run matmul: b must have shape [3, N], got [4, 5]"),
  );
  throws(
    () => matmul(gpu, a, b, { transposeA: true, transposeB: true }),
    new ShapeError("Cannot run matmul: b must have shape [N, 2], got [4, 5]"),
  );
  throws(
    () => matmul(gpu, a, a, { transposeB: true, add: a }),
    new ShapeError("Cannot run matmul: add must have shape [2, 2], got [2, 3]"),
  );
  throws(
    () => matmul(gpu, a, a, { transposeB: true, add: c, into: c }),
    new ShapeError("Cannot run matmul: the target must be add or into, got both"),
  );
  const sizes = { rows: 1, cols: 1, depth: 70_000 };
  throws(
    () => dispatchMatmul(gpu, { entryPoint: "store", a, b, ...sizes, outputs: [c] }),
    new ShapeError(
      "Cannot run matmul.store: the inner dimension must be at most 65536, got 70000; sum over " +
        "parts of it",
    ),
  );
});
