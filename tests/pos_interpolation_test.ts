import { deepEqual, equal, ok } from "node:assert/strict";
import { posInterpolation, resamplePositions } from "../src/pos_interpolation.ts";
import { assertAllClose } from "./support/arrays.ts";
import { loadCase } from "./support/golden.ts";

/** `map · x` (or its transpose) in float64, over the columns of x. */
function apply(
  map: Float32Array,
  x: Float32Array,
  { dim, rows, transposed }: { dim: number; rows: number; transposed: boolean },
): Float64Array {
  const columns = map.length / rows;
  const result = new Float64Array((transposed ? columns : rows) * dim);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [to, from] = transposed ? [column, row] : [row, column];
      for (let d = 0; d < dim; d++) {
        result[to * dim + d] += map[row * columns + column] * x[from * dim + d];
      }
    }
  }
  return result;
}

Deno.test("posInterpolation() matches the recorded reference, forward and transposed", async (t) => {
  const golden = loadCase("unit_layers");
  const names = Object.keys(golden.json.cases).filter((name) => name.startsWith("pos_embed_"));
  ok(names.length > 0);
  for (const name of names) {
    await t.step(name, () => {
      const { from_grid: from, to_grid: to, offset, antialias, dim } = golden.json.cases[name];
      const [x, dy] = [golden.f32(`${name}.pos_embed`), golden.f32(`${name}.grad_y`)];
      const map = posInterpolation({ from, to, offset, antialias });
      const rows = 1 + to[0] * to[1];
      const y = map ? apply(map, x, { dim, rows, transposed: false }) : x;
      const dx = map ? apply(map, dy, { dim, rows, transposed: true }) : dy;
      assertAllClose(y, golden.f32(`${name}.y`), undefined, "positions");
      assertAllClose(dx, golden.f32(`${name}.grad_pos_embed`), undefined, "gradients");
    });
  }
});

Deno.test("posInterpolation() of the same grid is null, whatever the offset", () => {
  equal(posInterpolation({ from: [4, 6], to: [4, 6], offset: 0.1, antialias: false }), null);
});

Deno.test("posInterpolation() resamples a grid of as many patches in another shape", () => {
  const map = posInterpolation({ from: [4, 4], to: [2, 8], offset: 0, antialias: false })!;
  equal(map.length, 17 * 17);
});

Deno.test("posInterpolation() keeps constants and the class token", () => {
  for (const antialias of [false, true]) {
    for (const [from, to] of [[[1, 1], [3, 2]], [[5, 7], [2, 3]], [[2, 3], [9, 4]]] as const) {
      const map = posInterpolation({ from, to, offset: 0.1, antialias })!;
      const columns = 1 + from[0] * from[1];
      deepEqual([...map.subarray(0, columns)], [1, ...new Array(columns - 1).fill(0)]);
      for (let start = columns; start < map.length; start += columns) {
        const row = map.subarray(start, start + columns);
        equal(row[0], 0);
        assertAllClose([row.reduce((sum, weight) => sum + weight, 0)], [1]);
      }
    }
  }
});

Deno.test("resamplePositions() applies the map, and leaves positions of the same grid alone", () => {
  const stored = Float32Array.from({ length: 5 * 3 }, (_, i) => Math.sin(i));
  const grids = { from: [2, 2], to: [3, 1], offset: 0, antialias: true } as const;
  const map = posInterpolation(grids)!;
  const expected = apply(map, stored, { dim: 3, rows: 4, transposed: false });
  assertAllClose(resamplePositions(stored, 3, grids), expected, { rtol: 1e-7, atol: 1e-7 });
  equal(resamplePositions(stored, 3, { ...grids, to: [2, 2] }), stored);
});
