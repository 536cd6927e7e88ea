import { Gpu } from "../../src/gpu/gpu.ts";
import { l2Normalize, l2NormalizeBackward } from "../../src/ops/l2_normalize.ts";
import { weightNorm, weightNormBackward } from "../../src/ops/weight_norm.ts";
import { assertAllClose } from "../support/arrays.ts";
import { type GoldenCase, loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

type Matrix = ArrayLike<number>;

/** x Wᵀ in float64: x [rows, dim], W [out, dim]. */
function timesTransposed(x: Matrix, w: Matrix, dim: number): Float64Array {
  const out = w.length / dim;
  return Float64Array.from({ length: x.length / dim * out }, (_, at) => {
    const [row, col] = [Math.floor(at / out), at % out];
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += x[row * dim + i] * w[col * dim + i];
    return sum;
  });
}

function transposed(x: Matrix, columns: number): Float64Array {
  const rows = x.length / columns;
  return Float64Array.from(x, (_, at) => x[(at % rows) * columns + Math.floor(at / rows)]);
}

/** GELU in its error-function form, by the Maclaurin series of erf. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [term, erf] = [z, z];
  for (let n = 1; n < 100; n++) {
    term *= -z * z / n;
    erf += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (Math.abs(z) > 4 ? Math.sign(z) : 2 / Math.sqrt(Math.PI) * erf));
}

/** The head's three linear layers in float64: input of the last of them, and its output. */
function mlp(golden: GoldenCase, name: string): { hidden: Float64Array; output: Float64Array } {
  let hidden = Float64Array.from(golden.f32(`${name}.x`));
  for (const layer of [0, 2, 4]) {
    const weight = golden.f32(`${name}.param.mlp.${layer}.weight`);
    const bias = golden.f32(`${name}.param.mlp.${layer}.bias`);
    const output = timesTransposed(hidden, weight, weight.length / bias.length)
      .map((value, at) => value + bias[at % bias.length]);
    if (layer === 4) return { hidden, output };
    hidden = output.map(gelu);
  }
  throw new Error("unreachable");
}

Deno.test("l2Normalize() and weightNorm() reproduce the end of the recorded heads", async (t) => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  for (const name of ["head_n6_in32_out64", "head_n5_in384_out129"]) {
    await t.step(name, async () => {
      const recorder = poisoned(gpu);
      const { bottleneck, output: outputDim } = golden.json.cases[name];
      const last = `${name}.param.last_layer.weight`;
      const v = gpu.upload([outputDim, bottleneck], golden.f32(`${last}_v`), "v");
      const g = gpu.upload([outputDim, 1], golden.f32(`${last}_g`), "g");
      const { hidden, output } = mlp(golden, name);
      const rows = output.length / bottleneck;
      const x = gpu.upload([rows, bottleneck], Float32Array.from(output), "mlp output");

      const { y, norms } = l2Normalize(recorder, x);
      const { weight, norms: directionNorms } = weightNorm(recorder, v, g);
      const [features, prototypes] = [await gpu.download(y), await gpu.download(weight)];
      const logits = timesTransposed(features, prototypes, bottleneck);
      assertAllClose(logits, golden.f32(`${name}.y`));

      const dLogits = golden.f32(`${name}.grad_y`);
      const dLogitsT = transposed(dLogits, outputDim); // [output, rows]
      const dWeight = timesTransposed(dLogitsT, transposed(features, bottleneck), rows);
      const dy = timesTransposed(dLogits, transposed(prototypes, bottleneck), outputDim);
      const grads = {
        v: gpu.upload(v.shape, new Float32Array(outputDim * bottleneck), "dv"),
        g: gpu.upload(g.shape, new Float32Array(outputDim), "dg"),
      };
      const dWeightTensor = gpu.upload(v.shape, Float32Array.from(dWeight), "dWeight");
      weightNormBackward(recorder, dWeightTensor, v, g, directionNorms, grads);
      const dyTensor = gpu.upload([rows, bottleneck], Float32Array.from(dy), "dy");
      const dx = await gpu.download(l2NormalizeBackward(recorder, dyTensor, y, norms));

      const grad = (param: string) => golden.f32(`${name}.grad.${param}`);
      assertAllClose(await gpu.download(grads.v), grad("last_layer.weight_v"));
      assertAllClose(await gpu.download(grads.g), grad("last_layer.weight_g"));
      const dxT = transposed(dx, bottleneck); // [bottleneck, rows]
      const dLinear = timesTransposed(dxT, transposed(hidden, hidden.length / rows), rows);
      assertAllClose(dLinear, grad("mlp.4.weight"));
    });
  }
});
