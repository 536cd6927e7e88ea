import { deepEqual, equal, ok } from "node:assert/strict";
import { fitLogreg, type Labelled } from "../../src/eval/logreg.ts";
import { SoftmaxRegression } from "../../src/eval/softmax_regression.ts";
import { randomStream } from "../../src/random.ts";
import { labelCrossEntropyReference } from "../reference/softmax_regression.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";

/** Vectors about a random middle for each class, which they hide in more or less noise. */
function clouds(rows: number, { width, classes, noise, seed }: {
  width: number;
  classes: number;
  noise: number;
  seed: number;
}): Labelled {
  const middles = randomArray(classes * width, { seed: 1 });
  const stream = randomStream(seed, "clouds");
  const labels = Uint32Array.from({ length: rows }, () => stream.int(classes));
  const values = Float32Array.from(
    { length: rows * width },
    (_, at) =>
      middles[labels[Math.floor(at / width)] * width + at % width] + noise * stream.normal(),
  );
  return { values, width, labels };
}

/** Mean cross-entropy of linear scores, and its gradient, in float64. */
function plainLoss(x: Labelled, weights: Float64Array, classes: number) {
  const { values, width, labels } = x;
  const rows = labels.length;
  const logits = Float64Array.from({ length: rows * classes }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum += values[Math.floor(at / classes) * width + i] * weights[at % classes * width + i];
    }
    return sum;
  });
  const shares = new Float64Array(rows).fill(1 / rows);
  const { losses, gradient: dLogits } = labelCrossEntropyReference(logits, labels, shares, classes);
  const gradient = new Float64Array(weights.length);
  dLogits.forEach((d, at) => {
    const [row, k] = [Math.floor(at / classes), at % classes];
    for (let i = 0; i < width; i++) gradient[k * width + i] += d * values[row * width + i];
  });
  return { logits, value: losses.reduce((a, b) => a + b, 0), gradient };
}

Deno.test("SoftmaxRegression gives the loss, gradient and scores of float64 loops", async (t) => {
  // An odd tail, two classes, more rows than one product takes.
  for (const [rows, width, classes] of [[77, 5, 4], [200, 16, 2], [16_500, 3, 3]] as const) {
    await t.step(`${rows} vectors of ${width}, ${classes} classes`, async () => {
      const train = clouds(rows, { width, classes, noise: 0.5, seed: 2 });
      const others = clouds(9, { width, classes, noise: 0.5, seed: 3 });
      const { labels } = train;
      using regression = await SoftmaxRegression.open({ train, labels, others, classes });
      const weights = Float64Array.from(randomArray(classes * width, { seed: 4 }));
      const { value, gradient } = await regression.evaluate(weights);
      const expected = plainLoss(train, weights, classes);
      assertAllClose([value], [expected.value]);
      assertAllClose(gradient, expected.gradient);
      const scores: number[] = [];
      for await (const each of regression.scores(weights)) scores.push(...each);
      assertAllClose(scores, plainLoss(others, weights, classes).logits);
      const gram = await regression.gram();
      let corner = 0;
      for (let row = 0; row < rows; row++) {
        corner += train.values[row * width] * train.values[row * width + width - 1];
      }
      assertAllClose([gram[width - 1]], [corner], { rtol: 1e-4, atol: 1e-2 });
    });
  }
});

Deno.test("fitLogreg() ends where the gradient of loss and penalty is zero", async () => {
  const shape = { width: 12, classes: 5, noise: 0.8 };
  const train = clouds(300, { ...shape, seed: 2 });
  const others = clouds(200, { ...shape, seed: 3 });
  const cs = [0.1, 10, 1000];
  const fits = await fitLogreg(train, others, cs, { classes: 5, maxIterations: 200 });
  deepEqual(fits.map(({ c }) => c), cs);
  // The same vectors, of length 1 and with a 1 behind each.
  const width = 13;
  const values = new Float32Array(300 * width).fill(1);
  for (let row = 0; row < 300; row++) {
    const own = train.values.subarray(row * 12, (row + 1) * 12);
    const length = Math.hypot(...own);
    own.forEach((value, i) => values[row * width + i] = value / length);
  }
  const units = { values, width, labels: train.labels };
  const steepest = Math.hypot(...plainLoss(units, new Float64Array(5 * width), 5).gradient);
  for (const { c, x, converged, iterations, value } of fits) {
    ok(converged && iterations < 40, `${iterations} steps at c ${c}`);
    const { gradient, value: loss } = plainLoss(units, x, 5);
    let squares = 0;
    x.forEach((weight, i) => {
      if (i % width === width - 1) return;
      gradient[i] += weight / (c * 300);
      squares += weight ** 2;
    });
    ok(Math.hypot(...gradient) < 3e-4 * steepest, `gradient at c ${c}`);
    assertAllClose([value], [loss + squares / (2 * c * 300)]);
  }
  ok(fits[1].guessed.top1 > 0.7, `${fits[1].guessed.top1}`);
  const again = await fitLogreg(train, others, [10], {
    classes: 5,
    maxIterations: 200,
    start: fits[1].x,
  });
  equal(again[0].iterations, 0, "it begins where the other ended");
});
