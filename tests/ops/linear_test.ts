import { deepEqual, equal, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import {
  linear,
  linearBackwardInput,
  linearBackwardParams,
  linearGelu,
} from "../../src/ops/linear.ts";
import type { MatmulVariant } from "../../src/ops/matmul.ts";
import { geluReference, linearReference, type LinearSizes } from "../reference/linear.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

const VARIANTS: MatmulVariant[] = ["tiled", "subgroup"];

/** The variants that this adapter can run. */
const variantsOf = ({ adapter }: Gpu) =>
  VARIANTS.filter((v) => v === "tiled" || (adapter.software && adapter.subgroupSize === 8));

// One element, odd tails, more than one tile of rows.
const SIZES: LinearSizes[] = [
  { rows: 1, inputs: 1, outputs: 1 },
  { rows: 7, inputs: 5, outputs: 67 },
  { rows: 133, inputs: 24, outputs: 10 },
  { rows: 133, inputs: 24, outputs: 72 }, // in eights
];

const SMALL: LinearSizes[] = [
  { rows: 5, inputs: 6, outputs: 7 },
  { rows: 8, inputs: 8, outputs: 16 },
];

/** Host arrays of one layer and its upstream gradient. */
function layerArrays({ rows, inputs, outputs }: LinearSizes) {
  return {
    x: randomArray(rows * inputs, { seed: 1, scale: 2 }),
    weight: randomArray(outputs * inputs, { seed: 2 }),
    bias: randomArray(outputs, { seed: 3 }),
    dy: randomArray(rows * outputs, { seed: 4 }),
  };
}

function uploadLayer(gpu: Gpu, sizes: LinearSizes) {
  const { rows, inputs, outputs } = sizes;
  const { x, weight, bias, dy } = layerArrays(sizes);
  return {
    x: gpu.upload([rows, inputs], x, "x"),
    weight: gpu.upload([outputs, inputs], weight, "weight"),
    bias: gpu.upload([outputs], bias, "bias"),
    dy: gpu.upload([rows, outputs], dy, "dy"),
  };
}

Deno.test("linear() and linearGelu() match the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  for (const sizes of SIZES) {
    await t.step(JSON.stringify(sizes), async () => {
      const host = layerArrays(sizes);
      const { x, weight, bias } = uploadLayer(gpu, sizes);
      const recorder = poisoned(gpu);
      for (const variant of variantsOf(gpu)) {
        const expected = linearReference(host.x, host.weight, host.bias, sizes);
        const y = linear(recorder, x, weight, bias, { variant });
        assertAllClose(await gpu.download(y), expected);
        const plain = linear(recorder, x, weight, null, { variant });
        const unbiased = linearReference(host.x, host.weight, null, sizes);
        assertAllClose(await gpu.download(plain), unbiased);
        const activated = linearGelu(recorder, x, weight, bias, { variant });
        assertAllClose(await gpu.download(activated.pre), expected);
        assertAllClose(await gpu.download(activated.y), geluReference(expected));
        const alone = linearGelu(recorder, x, weight, bias, { variant, keepPre: false });
        equal(alone.pre, null);
        deepEqual(await gpu.download(alone.y), await gpu.download(activated.y));
      }
    });
  }
});

Deno.test("gelu and its slope are accurate near 0 and in both tails", async () => {
  using gpu = await Gpu.open();
  // A product with 1 leaves x as it is: every 1/256 in [-8, 8[, then tiny and huge values.
  const grid = Array.from({ length: 4096 }, (_, i) => i / 256 - 8);
  const x = Float32Array.from([...grid, 1e-30, -1e-20, 3e-7, -12.5, -40, 40, 3e30, -3e30]);
  // Φ has an absolute error below 1e-7; f32 rounds once more, and exp is as good as the driver's.
  const h = 1e-4;
  const slope = Float64Array.from(x, (v) => {
    if (Math.abs(v) > 1e4) return v > 0 ? 1 : 0;
    const [above, below] = geluReference([v + h, v - h]);
    return (above - below) / (2 * h);
  });
  const expected = geluReference(x);
  // One number at a time, and eight of them.
  const widths = [1, 8];
  for (
    const [variant, width] of variantsOf(gpu).flatMap((v) => widths.map((w) => [v, w] as const))
  ) {
    const shape = [x.length / width, width];
    const identity = Float32Array.from({ length: width ** 2 }, (_, i) => +(i % (width + 1) === 0));
    const one = gpu.upload([width, width], identity, "one");
    const pre = gpu.upload(shape, x, "x");
    const ones = gpu.upload(shape, new Float32Array(x.length).fill(1), "ones");
    const { y } = linearGelu(poisoned(gpu), pre, one, null, { variant });
    assertAllClose(await gpu.download(y), expected, { rtol: 2.5e-7, atol: 1e-7 }, "gelu");
    const tail = Float64Array.from(expected.slice(768, 2049)); // x in [-5, 0]
    assertAllClose((await gpu.download(y)).slice(768, 2049), tail, { rtol: 3e-6, atol: 0 }, "tail");
    const dx = linearBackwardInput(poisoned(gpu), ones, one, { pre, variant });
    assertAllClose(await gpu.download(dx), slope, { rtol: 0, atol: 3e-7 }, "slopes");
  }
});

Deno.test("linearBackwardInput() matches central differences", async () => {
  using gpu = await Gpu.open();
  for (const sizes of SMALL) {
    const host = layerArrays(sizes);
    const { x: pre, weight, dy } = uploadLayer(gpu, sizes);
    const loss = (x: ArrayLike<number>) =>
      dot(host.dy, linearReference(x, host.weight, null, sizes));
    const expected = centralDifferences(loss, host.x);
    const throughGelu = centralDifferences((x) => loss(geluReference(x)), host.x);
    for (const variant of variantsOf(gpu)) {
      const dx = linearBackwardInput(poisoned(gpu), dy, weight, { variant });
      assertAllClose(await gpu.download(dx), expected);
      const dPre = linearBackwardInput(poisoned(gpu), dy, weight, { pre, variant });
      assertAllClose(await gpu.download(dPre), throughGelu);
    }
  }
});

Deno.test("linearBackwardParams() adds what central differences give", async () => {
  using gpu = await Gpu.open();
  for (const sizes of SMALL) {
    const { x, weight, bias, dy } = layerArrays(sizes);
    const { rows, inputs, outputs } = sizes;
    const dWeight = centralDifferences((w) => dot(dy, linearReference(x, w, bias, sizes)), weight);
    const dBias = centralDifferences((b) => dot(dy, linearReference(x, weight, b, sizes)), bias);
    for (const variant of variantsOf(gpu)) {
      const gradients = {
        weight: gpu.upload([outputs, inputs], weight, "weight gradient"),
        bias: gpu.upload([outputs], bias, "bias gradient"),
      };
      linearBackwardParams(
        poisoned(gpu),
        gpu.upload([rows, outputs], dy, "dy"),
        gpu.upload([rows, inputs], x, "x"),
        gradients,
        { variant },
      );
      const actual = await gpu.download(gradients.weight);
      assertAllClose(actual, dWeight.map((d, i) => d + weight[i]));
      assertAllClose(await gpu.download(gradients.bias), dBias.map((d, i) => d + bias[i]));
    }
  }
});

Deno.test("linear layers and GELU reproduce the recorded MLP", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  const [rows, dim, hidden] = [12, 32, 128];
  const load = (name: string, shape: number[]) =>
    gpu.upload(shape, golden.f32(`mlp_d32_h128.${name}`), name);
  const weight1 = load("param.fc1.weight", [hidden, dim]);
  const weight2 = load("param.fc2.weight", [dim, hidden]);
  const x = load("x", [rows, dim]);
  const dy = load("grad_y", [rows, dim]);
  const zeros = (shape: number[]) => {
    const tensor = gpu.empty(shape, "gradient");
    gpu.write(tensor, new Float32Array(shape.reduce((a, b) => a * b)));
    return tensor;
  };
  for (const variant of variantsOf(gpu)) {
    const grad1 = { weight: zeros([hidden, dim]), bias: zeros([hidden]) };
    const grad2 = { weight: zeros([dim, hidden]), bias: zeros([dim]) };
    const fc1 = linearGelu(gpu, x, weight1, load("param.fc1.bias", [hidden]), { variant });
    const y = linear(gpu, fc1.y, weight2, load("param.fc2.bias", [dim]), { variant });
    linearBackwardParams(gpu, dy, fc1.y, grad2, { variant });
    const dPre = linearBackwardInput(gpu, dy, weight2, { pre: fc1.pre, variant });
    linearBackwardParams(gpu, dPre, x, grad1, { variant });
    const dx = linearBackwardInput(gpu, dPre, weight1, { variant });
    const results = {
      y,
      grad_x: dx,
      "grad.fc1.weight": grad1.weight,
      "grad.fc1.bias": grad1.bias,
      "grad.fc2.weight": grad2.weight,
      "grad.fc2.bias": grad2.bias,
    };
    for (const [name, tensor] of Object.entries(results)) {
      const expected = golden.f32(`mlp_d32_h128.${name}`);
      assertAllClose(await gpu.download(tensor), expected, undefined, name);
    }
  }
});

Deno.test("GELU and its gradient reproduce the recorded values", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  const one = gpu.upload([1, 1], Float32Array.of(1), "one");
  const column = (name: string) => gpu.upload([97, 1], golden.f32(`gelu.${name}`), name);
  const { pre, y } = linearGelu(gpu, column("x"), one, null);
  const tolerance = { rtol: 1e-6, atol: 1e-6 };
  assertAllClose(await gpu.download(y), golden.f32("gelu.y"), tolerance);
  const dx = linearBackwardInput(gpu, column("grad_y"), one, { pre });
  assertAllClose(await gpu.download(dx), golden.f32("gelu.grad_x"), tolerance);
});

Deno.test("linear layers say which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  const { x, weight, bias, dy } = uploadLayer(gpu, SMALL[0]);
  const cases: [() => unknown, string][] = [
    [() => linear(gpu, x, dy, null), "linear: weight must have shape [N, 6], got [5, 7]"],
    [() => linear(gpu, x, weight, dy), "linear: bias must have shape [7], got [5, 7]"],
    [() => linearGelu(gpu, bias, weight, bias), "linearGelu: x must have shape [M, K], got [7]"],
    [
      () => linearBackwardInput(gpu, x, weight),
      "linearBackwardInput: weight must have shape [6, K], got [7, 6]",
    ],
    [
      () => linearBackwardInput(gpu, dy, weight, { pre: dy }),
      "linearBackwardInput: pre must have shape [5, 6], got [5, 7]",
    ],
    [
      () => linearBackwardParams(gpu, dy, x, { weight: x, bias: null }),
      "linearBackwardParams: weight gradient must have shape [7, 6], got [5, 6]",
    ],
    [
      () => linearBackwardParams(gpu, dy, x, { weight, bias: x }),
      "linearBackwardParams: bias gradient must have shape [7], got [5, 6]",
    ],
  ];
  for (const [call, message] of cases) throws(call, new ShapeError(`Cannot run ${message}`));
});
