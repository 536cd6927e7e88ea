import { deepEqual, equal, ok } from "node:assert/strict";
import { type Evaluated, minimize } from "../../src/eval/lbfgs.ts";
import { assertAllClose } from "../support/arrays.ts";

const same = (v: Float64Array) => v;

/** Rosenbrock's valley, whose lowest point is 1, 1. */
function valley([x, y]: Float64Array): Promise<Evaluated> {
  const [a, b] = [1 - x, y - x * x];
  const gradient = Float64Array.of(-2 * a - 400 * x * b, 200 * b);
  return Promise.resolve({ value: a * a + 100 * b * b, gradient });
}

Deno.test("minimize() finds its way along a curved valley", async () => {
  const start = Float64Array.of(-1.2, 1);
  const found = await minimize(valley, start, {
    tolerance: 1e-9,
    maxIterations: 100,
    precondition: same,
  });
  assertAllClose(found.x, [1, 1], { rtol: 1e-8 });
  ok(found.converged && found.iterations < 60, `${found.iterations} steps`);
  deepEqual(start, Float64Array.of(-1.2, 1), "the start stays as it is");
});

/** Σ s·(x − 1)² / 2 over many scales, and as many digits as float32 has. */
function bowl(scales: Float64Array) {
  return (x: Float64Array): Promise<Evaluated> => {
    const value = x.reduce((sum, each, i) => sum + scales[i] * (each - 1) ** 2 / 2, 1);
    const gradient = x.map((each, i) => Math.fround(scales[i] * (each - 1)));
    return Promise.resolve({ value: Math.fround(value), gradient });
  };
}

Deno.test("minimize() ends in a step, if it is told the Hessian", async () => {
  const scales = Float64Array.from({ length: 9 }, (_, i) => 10 ** (i / 4 - 1));
  const options = { tolerance: 1e-4, maxIterations: 500 };
  const zeros = new Float64Array(9);
  const told = await minimize(bowl(scales), zeros, {
    ...options,
    precondition: (v) => v.map((value, i) => value / scales[i]),
  });
  deepEqual([told.iterations, told.converged], [1, true]);
  const untold = await minimize(bowl(scales), zeros, { ...options, precondition: same });
  ok(untold.converged && untold.iterations > 10, `${untold.iterations} steps`);
  assertAllClose(untold.x, told.x, { rtol: 2e-3 });
});

Deno.test("minimize() says where it ran out of steps", async () => {
  const start = Float64Array.of(-1.2, 1);
  const { converged, iterations, value } = await minimize(valley, start, {
    tolerance: 1e-9,
    maxIterations: 3,
    precondition: same,
  });
  deepEqual([converged, iterations], [false, 3]);
  ok(value < (await valley(start)).value);
  equal(
    (await minimize(valley, Float64Array.of(1, 1), {
      tolerance: 1e-9,
      maxIterations: 3,
      precondition: same,
    })).iterations,
    0,
  );
});
