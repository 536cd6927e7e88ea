import { ok } from "node:assert/strict";
import { principalComponents } from "../../src/eval/pca.ts";
import { randomStream } from "../../src/random.ts";

/** Rows of independent columns with these deviations, around a mean. */
function rowsOf(count: number, deviations: number[], seed = 1): Float32Array {
  const stream = randomStream(seed, "rows");
  return Float32Array.from(
    { length: count * deviations.length },
    (_, i) => 5 + deviations[i % deviations.length] * stream.range(-1, 1),
  );
}

/** The covariance of rows times a vector, by a plain loop. */
function covarianceTimes(rows: Float32Array, vector: Float64Array): number[] {
  const width = vector.length;
  const count = rows.length / width;
  const mean = Array.from(vector, (_, c) => {
    let sum = 0;
    for (let r = 0; r < count; r++) sum += rows[r * width + c];
    return sum / count;
  });
  const out = Array<number>(width).fill(0);
  for (let r = 0; r < count; r++) {
    const along = mean.reduce((s, m, c) => s + (rows[r * width + c] - m) * vector[c], 0);
    for (let c = 0; c < width; c++) out[c] += (rows[r * width + c] - mean[c]) * along;
  }
  return out;
}

Deno.test("components are eigenvectors of the covariance, the greatest first, with their scores", () => {
  const [count, width] = [211, 7];
  const rows = rowsOf(count, [1, 9, 0.5, 4, 0.2, 6, 0.1]);
  const { components, scores } = principalComponents(rows, width, 3);
  const variances = components.map((component, c) => {
    const image = covarianceTimes(rows, component);
    const value = image.reduce((sum, each, i) => sum + each * component[i], 0);
    const rest = image.map((each, i) => each - value * component[i]);
    ok(Math.hypot(...rest) < 1e-3 * value, `component ${c} is an eigenvector`);
    let energy = 0;
    for (let r = 0; r < count; r++) energy += scores[r * 3 + c] ** 2;
    ok(Math.abs(energy / value - 1) < 1e-6, `scores of component ${c}`);
    return value;
  });
  ok(variances[0] > variances[1] && variances[1] > variances[2]);
  ok(components.every((component) => Math.abs(Math.hypot(...component) - 1) < 1e-12));
});

Deno.test("rows that hardly differ, and a single one, give finite components", () => {
  for (const rows of [Float32Array.of(1, 2, 3), new Float32Array(12).fill(4)]) {
    const { components, scores } = principalComponents(rows, 3, 3);
    ok(components.every((component) => component.every(Number.isFinite)));
    ok(scores.every((score) => Math.abs(score) < 1e-9));
  }
});
