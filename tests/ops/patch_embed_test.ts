import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { patchEmbed, patchEmbedBackward } from "../../src/ops/patch_embed.ts";
import {
  patchEmbedBackwardReference,
  patchEmbedReference,
  type PatchEmbedSizes,
} from "../reference/patch_embed.ts";
import {
  assertAllClose,
  centralDifferences,
  dot,
  F32,
  randomArray,
  type Tolerance,
} from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

/** One pixel, odd tails in every axis, no square, a real patch, more rows than one split. */
const SIZES: PatchEmbedSizes[] = [
  { crops: 1, channels: 1, height: 1, width: 1, dim: 1, patchSize: 1 },
  { crops: 3, channels: 2, height: 14, width: 35, dim: 20, patchSize: 7 },
  { crops: 2, channels: 4, height: 8, width: 12, dim: 70, patchSize: 4 },
  { crops: 5, channels: 3, height: 28, width: 42, dim: 48, patchSize: 14 },
  { crops: 2, channels: 1, height: 96, width: 98, dim: 5, patchSize: 2 },
];

/** Each kernel in turn: the one this adapter gets, and workgroup memory only. */
function variants(gpu: Gpu): [name: string, recorder: Recorder][] {
  return [["as chosen", poisoned(gpu)], ["no subgroups", poisoned(gpu, { subgroupSize: 0 })]];
}

/** A sum of so many products of numbers below 1 rounds by less than half an ulp of 1 for each. */
function sumTolerance(terms: number): Tolerance {
  return { rtol: F32.rtol, atol: Math.max(F32.atol, 3e-8 * terms) };
}

function randomParts(sizes: PatchEmbedSizes) {
  const { crops, channels, height, width, dim, patchSize } = sizes;
  const rows = crops * (height / patchSize) * (width / patchSize);
  const images = randomArray(crops * channels * height * width, { seed: 1 });
  const weight = randomArray(dim * channels * patchSize ** 2, { seed: 2 });
  const [bias, dy] = [randomArray(dim, { seed: 3 }), randomArray(rows * dim, { seed: 4 })];
  return { rows, images, weight, bias, dy };
}

function upload(gpu: Gpu, sizes: PatchEmbedSizes, parts: ReturnType<typeof randomParts>) {
  const { crops, channels, height, width, dim, patchSize } = sizes;
  return {
    images: gpu.upload([crops, channels, height, width], parts.images, "images"),
    weight: gpu.upload([dim, channels, patchSize, patchSize], parts.weight, "weight"),
    bias: gpu.upload([dim], parts.bias, "bias"),
    dy: gpu.upload([parts.rows, dim], parts.dy, "dy"),
  };
}

Deno.test("patchEmbed() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  for (const sizes of SIZES) {
    const parts = randomParts(sizes);
    const { images, weight, bias } = upload(gpu, sizes, parts);
    const expected = patchEmbedReference(parts.images, parts.weight, parts.bias, sizes);
    for (const [name, recorder] of variants(gpu)) {
      await t.step(`${JSON.stringify(sizes)}, ${name}`, async () => {
        const y = patchEmbed(recorder, images, weight, bias, sizes);
        deepEqual(y.shape, [parts.rows, sizes.dim]);
        assertAllClose(
          await gpu.download(y),
          expected,
          sumTolerance(parts.weight.length / sizes.dim),
        );
      });
    }
  }
});

Deno.test("patchEmbed() covers more tiles than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  const sizes = { crops: 1, channels: 1, height: 1024, width: 1025, dim: 1, patchSize: 1 };
  const parts = randomParts(sizes);
  const { images, weight, bias } = upload(gpu, sizes, parts);
  const y = patchEmbed(poisoned(gpu), images, weight, bias, sizes);
  const expected = patchEmbedReference(parts.images, parts.weight, parts.bias, sizes);
  assertAllClose(await gpu.download(y), expected);
});

Deno.test("patchEmbedBackward() adds the gradients of the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  for (const sizes of SIZES) {
    const parts = randomParts(sizes);
    const { images, weight, bias, dy } = upload(gpu, sizes, parts);
    const expected = patchEmbedBackwardReference(parts.dy, parts.images, sizes);
    for (const [name, recorder] of variants(gpu)) {
      await t.step(`${JSON.stringify(sizes)}, ${name}`, async () => {
        const [before, beforeBias] = [randomArray(parts.weight.length, { seed: 5 }), parts.bias];
        const dWeight = gpu.upload(weight.shape, before, "dWeight");
        const dBias = gpu.upload(bias.shape, beforeBias, "dBias");
        patchEmbedBackward(recorder, dy, images, { weight: dWeight, bias: dBias }, sizes);
        const sums = expected.weight.map((value, i) => value + before[i]);
        const biasSums = expected.bias.map((value, i) => value + beforeBias[i]);
        const tolerance = sumTolerance(parts.rows);
        assertAllClose(await gpu.download(dWeight), sums, tolerance, "weight gradients");
        assertAllClose(await gpu.download(dBias), biasSums, tolerance, "bias gradients");
      });
    }
  }
});

Deno.test("patchEmbedBackward() gives the same bits each time", async () => {
  using gpu = await Gpu.open();
  const sizes = SIZES[4];
  const parts = randomParts(sizes);
  const { images, weight, bias, dy } = upload(gpu, sizes, parts);
  for (const [, recorder] of variants(gpu)) {
    const [first, second] = [1, 2].map(() => {
      const grads = {
        weight: gpu.upload(weight.shape, parts.weight, "dWeight"),
        bias: gpu.upload(bias.shape, parts.bias, "dBias"),
      };
      patchEmbedBackward(recorder, dy, images, grads, sizes);
      return grads;
    });
    deepEqual(await gpu.download(first.weight), await gpu.download(second.weight));
    deepEqual(await gpu.download(first.bias), await gpu.download(second.bias));
  }
});

Deno.test("patchEmbedBackwardReference() is the derivative of the forward loop", () => {
  const sizes = { crops: 2, channels: 2, height: 4, width: 6, dim: 3, patchSize: 2 };
  const { images, weight, bias, dy } = randomParts(sizes);
  const grads = patchEmbedBackwardReference(dy, images, sizes);
  const byWeight = (w: Float64Array) => dot(patchEmbedReference(images, w, bias, sizes), dy);
  const byBias = (b: Float64Array) => dot(patchEmbedReference(images, weight, b, sizes), dy);
  assertAllClose(grads.weight, centralDifferences(byWeight, weight), { rtol: 1e-8, atol: 1e-8 });
  assertAllClose(grads.bias, centralDifferences(byBias, bias), { rtol: 1e-8, atol: 1e-8 });
});

Deno.test("patchEmbed() matches the recorded reference", async (t) => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  const names = Object.keys(golden.json.cases).filter((name) => name.startsWith("patch_embed_"));
  for (const name of names) {
    const patchSize = golden.json.cases[name].patch_size;
    const load = (part: string) =>
      gpu.upload(golden.shape(`${name}.${part}`), golden.f32(`${name}.${part}`), part);
    const [weight, bias] = [load("param.proj.weight"), load("param.proj.bias")];
    const [batch, patches, dim] = golden.shape(`${name}.y`);
    const dy = gpu.upload([batch * patches, dim], golden.f32(`${name}.grad_y`), "dy");
    for (const [variant, recorder] of variants(gpu)) {
      await t.step(`${name}, ${variant}`, async () => {
        const y = patchEmbed(recorder, load("x"), weight, bias, { patchSize });
        assertAllClose(await gpu.download(y), golden.f32(`${name}.y`));
        const grads = {
          weight: gpu.upload(
            weight.shape,
            new Float32Array(golden.f32(`${name}.param.proj.weight`).length),
            "dWeight",
          ),
          bias: gpu.upload([dim], new Float32Array(dim), "dBias"),
        };
        patchEmbedBackward(recorder, dy, load("x"), grads, { patchSize });
        const [dWeight, dBias] = [await gpu.download(grads.weight), await gpu.download(grads.bias)];
        assertAllClose(dWeight, golden.f32(`${name}.grad.proj.weight`));
        assertAllClose(dBias, golden.f32(`${name}.grad.proj.bias`));
      });
    }
  }
});

Deno.test("patchEmbed() of no crops runs nothing", async () => {
  using gpu = await Gpu.open();
  const images = gpu.empty([0, 3, 8, 8], "images");
  const weight = gpu.upload([2, 3, 4, 4], new Float32Array(96).fill(1), "weight");
  const bias = gpu.upload([2], Float32Array.of(1, 2), "bias");
  const y = patchEmbed(gpu, images, weight, bias, { patchSize: 4 });
  deepEqual(y.shape, [0, 2]);
  patchEmbedBackward(gpu, y, images, { weight, bias }, { patchSize: 4 });
  deepEqual(await gpu.download(bias), Float32Array.of(1, 2));
});

Deno.test("patchEmbed() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const images = gpu.empty([2, 3, 20, 28], "images");
  const [weight, bias] = [gpu.empty([8, 3, 14, 14], "weight"), gpu.empty([8], "bias")];
  const seven = gpu.empty([7], "seven");
  throws(
    () => patchEmbed(gpu, images, weight, bias, { patchSize: 14 }),
    new ShapeError(
      "Cannot run patchEmbed: images must have height and width divisible by the patch size 14, " +
        "got 20 x 28",
    ),
  );
  throws(
    () => patchEmbed(gpu, images, weight, seven, { patchSize: 14 }),
    new ShapeError("Cannot run patchEmbed: bias must have shape [8], got [7]"),
  );
  throws(
    () => patchEmbedBackward(gpu, bias, images, { weight, bias }, { patchSize: 7 }),
    new ShapeError(
      "Cannot run patchEmbedBackward: weight must have shape [dim, 3, 7, 7], got [8, 3, 14, 14]",
    ),
  );
});
