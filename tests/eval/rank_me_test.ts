import { ok } from "node:assert/strict";
import { rankMe } from "../../src/eval/rank_me.ts";
import { randomStream } from "../../src/random.ts";
import { assertAllClose } from "../support/arrays.ts";

/** Vectors of length 1 at right angles to each other, `count` of `length` numbers. */
function orthonormal(count: number, length: number, name: string): Float64Array[] {
  const stream = randomStream(0, name);
  const found: Float64Array[] = [];
  while (found.length < count) {
    const vector = Float64Array.from({ length }, () => stream.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const other of found) {
        const share = vector.reduce((sum, value, i) => sum + value * other[i], 0);
        vector.forEach((_, i) => vector[i] -= share * other[i]);
      }
    }
    const norm = Math.hypot(...vector);
    found.push(vector.map((value) => value / norm));
  }
  return found;
}

/** A matrix of these singular values, `[rows, dim]`. */
function withSingularValues(values: readonly number[], rows: number, dim: number): Float32Array {
  const [left, right] = [
    orthonormal(values.length, rows, "left"),
    orthonormal(values.length, dim, "right"),
  ];
  return Float32Array.from({ length: rows * dim }, (_, at) => {
    const [row, col] = [Math.floor(at / dim), at % dim];
    return values.reduce((sum, value, i) => sum + value * left[i][row] * right[i][col], 0);
  });
}

Deno.test("rankMe() is exp of the entropy of the singular values' shares", async (t) => {
  const values = [5, 2, 2, 0.5, 0.01];
  const total = values.reduce((sum, value) => sum + value, 0);
  const entropy = -values.reduce((sum, v) => sum + v / total * Math.log(v / total), 0);
  for (const [rows, dim] of [[5, 5], [40, 7], [7, 40], [300, 64]]) {
    await t.step(`[${rows}, ${dim}]`, () => {
      const found = rankMe(withSingularValues(values, rows, dim), dim);
      assertAllClose([found], [Math.exp(entropy)], { rtol: 1e-5, atol: 0 }); // of float32 features
    });
  }
});

Deno.test("rankMe() is not fooled by what all features have in common", () => {
  // One direction a thousand times as strong as 63 others: in float32 their squares would be lost.
  const weak = Array.from({ length: 63 }, () => 1e-3);
  const total = 1 + 63e-3;
  const entropy = -(1 / total * Math.log(1 / total) + 63e-3 / total * Math.log(1e-3 / total));
  const found = rankMe(withSingularValues([1, ...weak], 100, 64), 64);
  assertAllClose([found], [Math.exp(entropy)], { rtol: 1e-3, atol: 0 });
});

Deno.test("rankMe() goes from 1 to the number of directions", () => {
  assertAllClose([rankMe(Float32Array.of(1, 2, 2, 4, -3, -6), 2)], [1], { rtol: 1e-6, atol: 0 });
  assertAllClose([rankMe(Float32Array.of(2, 0, 0, 2), 2)], [2], { rtol: 1e-12, atol: 0 });
  assertAllClose([rankMe(new Float32Array(6), 2)], [1]); // of nothing at all
  const noise = randomStream(1, "noise");
  const full = rankMe(Float32Array.from({ length: 1000 * 8 }, () => noise.normal()), 8);
  ok(full > 7.9 && full <= 8, `${full}`);
});
