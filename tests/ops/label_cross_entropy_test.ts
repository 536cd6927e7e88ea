import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { labelCrossEntropy } from "../../src/ops/label_cross_entropy.ts";
import { labelCrossEntropyReference } from "../reference/softmax_regression.ts";
import { assertAllClose, centralDifferences, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

function randomInputs(samples: number, heads: number, classes: number) {
  return {
    logits: randomArray(samples * heads * classes, { seed: 1, scale: 8 }),
    labels: Uint32Array.from({ length: samples }, (_, i) => i * 7 % classes),
    weights: randomArray(samples, { seed: 2, mean: 0.5, scale: 0.5 })
      .map((weight, i) => i % 5 === 4 ? 0 : weight),
  };
}

async function onGpu(
  gpu: Gpu,
  { logits, labels, weights }: ReturnType<typeof randomInputs>,
  classes: number,
) {
  const values = gpu.upload([logits.length / classes, classes], logits, "logits");
  const losses = labelCrossEntropy(
    poisoned(gpu),
    values,
    gpu.upload([labels.length], labels, "labels"),
    gpu.upload([weights.length], weights, "weights"),
  );
  return { losses: await gpu.download(losses), gradient: await gpu.download(values) };
}

Deno.test("labelCrossEntropy() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // Two classes, an odd tail, ImageNet's, a sweep of classifiers, more rows than one grid axis holds.
  const shapes = [[1, 1, 2], [7, 3, 65], [3, 1, 1000], [9, 13, 10], [70_000, 1, 2]] as const;
  for (const [samples, heads, classes] of shapes) {
    await t.step(`${samples} samples, ${heads} heads, ${classes} classes`, async () => {
      const inputs = randomInputs(samples, heads, classes);
      const { losses, gradient } = await onGpu(gpu, inputs, classes);
      const { logits, labels, weights } = inputs;
      const expected = labelCrossEntropyReference(logits, labels, weights, classes);
      assertAllClose(losses, expected.losses, undefined, "losses");
      assertAllClose(gradient, expected.gradient, undefined, "gradient");
    });
  }
});

Deno.test("the gradient of labelCrossEntropy() is that of its losses", () => {
  const [samples, heads, classes] = [3, 2, 5];
  const { logits, labels, weights } = randomInputs(samples, heads, classes);
  const { gradient } = labelCrossEntropyReference(logits, labels, weights, classes);
  const total = (at: Float64Array) =>
    labelCrossEntropyReference(at, labels, weights, classes).losses.reduce((a, b) => a + b, 0);
  assertAllClose(gradient, centralDifferences(total, logits), { rtol: 1e-4, atol: 1e-6 });
});

Deno.test("labelCrossEntropy() is finite at logits that exp() cannot take", async () => {
  using gpu = await Gpu.open();
  const logits = Float32Array.of(3e4, -3e4, 0, -3e4, 3e4, 0);
  const labels = Uint32Array.of(0, 0);
  const weights = Float32Array.of(1, 1);
  const { losses, gradient } = await onGpu(gpu, { logits, labels, weights }, 3);
  assertAllClose(losses, [0, 6e4]);
  assertAllClose(gradient, [0, 0, 0, -1, 1, 0]);
});

Deno.test("labelCrossEntropy() says what does not fit", async () => {
  using gpu = await Gpu.open();
  const [logits, labels] = [gpu.empty([7, 2], "logits"), gpu.empty([3], "labels", "u32")];
  throws(
    () => labelCrossEntropy(gpu, logits, labels, gpu.empty([3], "weights")),
    new ShapeError(
      "Cannot run labelCrossEntropy: logits must have as many rows for each of 3 samples, got 7",
    ),
  );
  throws(
    () => labelCrossEntropy(gpu, logits, labels, gpu.empty([2], "weights")),
    new ShapeError("Cannot run labelCrossEntropy: weights must have shape [3], got [2]"),
  );
});
