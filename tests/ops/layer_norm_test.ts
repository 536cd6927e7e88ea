import { equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { layerNorm, layerNormBackward } from "../../src/ops/layer_norm.ts";
import { layerNormReference } from "../reference/layer_norm.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { everyWay, poisoned } from "../support/poisoned.ts";
import { addRows, pickRows, type SubsetCase, SUBSETS, uploadSubset } from "../support/subsets.ts";

Deno.test("layerNorm() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, an odd tail, ViT-S, more rows than one grid axis holds.
  for (const [rows, dim] of [[1, 1], [3, 5], [7, 384], [9, 40], [37, 20], [65_537, 4]] as const) {
    const x = randomArray(rows * dim, { seed: 1, mean: 1 });
    const gamma = randomArray(dim, { seed: 2 });
    const beta = randomArray(dim, { seed: 3 });
    for (const [name, recorder] of everyWay(gpu, 3)) {
      await t.step(`[${rows}, ${dim}], ${name}`, async () => {
        const { y } = layerNorm(
          recorder,
          gpu.upload([rows, dim], x, "x"),
          gpu.upload([dim], gamma, "gamma"),
          gpu.upload([dim], beta, "beta"),
        );

        // Rows of 4 may have a small variance, which scales rounding up.
        const tolerance = { rtol: 1e-4, atol: 1e-4 };
        assertAllClose(await gpu.download(y), layerNormReference(x, gamma, beta), tolerance);
      });
    }
  }
});

/** Every way back, and a GPU whose workgroup memory has no room for sums. */
function waysBack(gpu: Gpu): [name: string, recorder: Recorder][] {
  const short = poisoned(gpu, { kernels: "gpu", maxWorkgroupBytes: 512 });
  return [...everyWay(gpu, 5), ["kernels=gpu, little workgroup memory", short]];
}

Deno.test("layerNormBackward() matches central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  for (const [rows, dim] of [[1, 3], [3, 5], [70, 33], [70, 72], [21, 12]] as const) {
    const x = randomArray(rows * dim, { seed: 1, mean: 1 });
    const gamma = randomArray(dim, { seed: 2 });
    const beta = randomArray(dim, { seed: 3 });
    const dy = randomArray(rows * dim, { seed: 4 });
    const add = randomArray(rows * dim, { seed: 5 });
    const expected = {
      x: centralDifferences((v) => dot(layerNormReference(v, gamma, beta), dy), x),
      gamma: centralDifferences((v) => dot(layerNormReference(x, v, beta), dy), gamma),
      beta: centralDifferences((v) => dot(layerNormReference(x, gamma, v), dy), beta),
    };
    for (const [name, recorder] of waysBack(gpu)) {
      await t.step(`[${rows}, ${dim}], ${name}`, async () => {
        const grads = {
          gamma: gpu.upload([dim], new Float32Array(dim).fill(0.5), "dGamma"),
          beta: gpu.upload([dim], new Float32Array(dim).fill(-0.5), "dBeta"),
        };
        const [xTensor, gammaTensor] = [
          gpu.upload([rows, dim], x, "x"),
          gpu.upload([dim], gamma, "gamma"),
        ];
        const betaTensor = gpu.upload([dim], beta, "beta");
        const { stats } = layerNorm(recorder, xTensor, gammaTensor, betaTensor);
        const dx = layerNormBackward(
          recorder,
          gpu.upload([rows, dim], dy, "dy"),
          xTensor,
          gammaTensor,
          stats,
          grads,
          { add: gpu.upload([rows, dim], add, "add") },
        );

        const tolerance = { rtol: 1e-4, atol: 1e-4 }; // as in the forward test
        assertAllClose(await gpu.download(dx), expected.x.map((d, i) => d + add[i]), tolerance);
        assertAllClose(await gpu.download(grads.gamma), expected.gamma.map((d) => d + 0.5));
        assertAllClose(await gpu.download(grads.beta), expected.beta.map((d) => d - 0.5));
      });
    }
  }
});

Deno.test("layerNorm() and its backward take a subset of the rows", async (t) => {
  using gpu = await Gpu.open();
  for (const each of SUBSETS) {
    for (const dim of [3, 20, 72]) {
      await t.step(`${each.name}, width ${dim}`, () => compareSubset(gpu, each, dim));
    }
  }
});

async function compareSubset(gpu: Gpu, each: SubsetCase, dim: number) {
  const { subset, tokens } = uploadSubset(gpu, each);
  const total = subset.table.shape[0];
  const random = (seed: number, rows: number) => randomArray(rows * dim, { seed, mean: 1 });
  const [x, add, dy] = [random(1, total), random(5, total), random(4, tokens.length)];
  const [g, b] = [random(2, 1), random(3, 1)];
  const kept = pickRows(x, dim, tokens);
  const dKept = centralDifferences((v) => dot(layerNormReference(v, g, b), dy), kept);
  const dGamma = centralDifferences((v) => dot(layerNormReference(kept, v, b), dy), g);
  const dBeta = centralDifferences((v) => dot(layerNormReference(kept, g, v), dy), b);

  const [gamma, beta] = [g, b].map((values) => gpu.upload([dim], values, "g"));
  const xTensor = gpu.upload([total, dim], x, "x");
  const dyTensor = gpu.upload([tokens.length, dim], dy, "dy");
  for (const [name, recorder] of waysBack(gpu)) {
    const grads = {
      gamma: gpu.upload([dim], new Float32Array(dim).fill(0.5), "dGamma"),
      beta: gpu.upload([dim], new Float32Array(dim).fill(-0.5), "dBeta"),
    };
    const { y, stats } = layerNorm(recorder, xTensor, gamma, beta, { subset });
    const join = { add: gpu.upload([total, dim], add, "add"), subset };
    const dx = layerNormBackward(recorder, dyTensor, xTensor, gamma, stats, grads, join);

    equal(dx, join.add);
    const tolerance = { rtol: 1e-4, atol: 1e-4 }; // as in the tests above
    assertAllClose(await gpu.download(y), layerNormReference(kept, g, b), tolerance, name);
    assertAllClose(await gpu.download(dx), addRows(add, dim, tokens, dKept), tolerance, name);
    assertAllClose(await gpu.download(grads.gamma), dGamma.map((d) => d + 0.5));
    assertAllClose(await gpu.download(grads.beta), dBeta.map((d) => d - 0.5));
  }
}

Deno.test("layerNormBackward() sums parameter gradients accurately over 70 000 rows", async () => {
  using gpu = await Gpu.open();
  const [rows, dim] = [70_000, 2];
  const x = randomArray(rows * dim, { seed: 1, mean: 1 });
  const dy = randomArray(rows * dim, { seed: 2, mean: 1 });
  const one = gpu.upload([dim], Float32Array.of(1, 1), "gamma");
  const xTensor = gpu.upload([rows, dim], x, "x");
  const { stats } = layerNorm(poisoned(gpu), xTensor, one, one);
  const grads = {
    gamma: gpu.upload([dim], new Float32Array(dim), "dGamma"),
    beta: gpu.upload([dim], new Float32Array(dim), "dBeta"),
  };
  layerNormBackward(poisoned(gpu), gpu.upload([rows, dim], dy, "dy"), xTensor, one, stats, grads);
  const dBeta = [0, 1].map((col) => dy.reduce((sum, d, i) => i % dim === col ? sum + d : sum, 0));
  assertAllClose(await gpu.download(grads.beta), dBeta, { rtol: 1e-6, atol: 0 });
});

Deno.test("layerNorm() and its backward reproduce the recorded cases", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  for (const name of ["layernorm_d32", "layernorm_d384"]) {
    const dim = golden.shape(`${name}.x`).at(-1)!;
    const rows = golden.f32(`${name}.x`).length / dim;
    const upload = (tensor: string, shape: number[]) =>
      gpu.upload(shape, golden.f32(`${name}.${tensor}`), tensor);
    const [x, weight] = [upload("x", [rows, dim]), upload("param.weight", [dim])];
    const { y, stats } = layerNorm(poisoned(gpu), x, weight, upload("param.bias", [dim]));
    const grads = {
      gamma: gpu.upload([dim], new Float32Array(dim), "dGamma"),
      beta: gpu.upload([dim], new Float32Array(dim), "dBeta"),
    };
    const dx = layerNormBackward(
      poisoned(gpu),
      upload("grad_y", [rows, dim]),
      x,
      weight,
      stats,
      grads,
    );
    assertAllClose(await gpu.download(y), golden.f32(`${name}.y`));
    assertAllClose(await gpu.download(dx), golden.f32(`${name}.grad_x`));
    assertAllClose(await gpu.download(grads.gamma), golden.f32(`${name}.grad.weight`));
    assertAllClose(await gpu.download(grads.beta), golden.f32(`${name}.grad.bias`));
  }
});

Deno.test("layerNorm() names the tensor whose shape does not fit, and takes no rows", async () => {
  using gpu = await Gpu.open();
  const [x, seven, eight] = [[4, 8], [7], [8]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => layerNorm(poisoned(gpu), x, seven, seven),
    new ShapeError("Cannot run layerNorm: gamma must have shape [8], got [7]"),
  );
  const { y } = layerNorm(poisoned(gpu), gpu.empty([0, 8], "none"), eight, eight);
  equal((await gpu.download(y)).length, 0);
});

Deno.test("layerNorm() and its backward say what does not fit of a subset", async () => {
  using gpu = await Gpu.open();
  const [x, four, seven] = [[4, 8], [4, 2], [7, 2]].map((shape) => gpu.empty(shape, "x"));
  const eight = gpu.empty([8], "eight");
  throws(
    () => layerNorm(poisoned(gpu), x, eight, eight, { subset: { table: seven, count: 2 } }),
    new ShapeError("Cannot run layerNorm: table must have shape [4, 2], got [7, 2]"),
  );
  const [dy, stats] = [[2, 8], [2, 2]].map((shape) => gpu.empty(shape, "dy"));
  const grads = { gamma: eight, beta: eight };
  const subset = { table: four, count: 2 };
  throws(
    () => layerNormBackward(poisoned(gpu), dy, x, eight, stats, grads, { subset }),
    new ShapeError(
      "Cannot run layerNormBackward: add must be given with a subset, which adds into it",
    ),
  );
});
