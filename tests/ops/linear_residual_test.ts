import { deepEqual, equal, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { linearResidual } from "../../src/ops/linear_residual.ts";
import type { MatmulVariant } from "../../src/ops/matmul.ts";
import type { RowSubset } from "../../src/ops/row_subset.ts";
import { linearReference, residualReference } from "../reference/linear.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";
import { type SubsetCase, SUBSETS, uploadSubset } from "../support/subsets.ts";

/** More rows than one tile, an odd number of columns. */
const SIZES = { rows: 133, inputs: 9, outputs: 35 };

/** Numbers in eights, which some variants load at once. */
const WIDE: typeof SIZES = { rows: 133, inputs: 16, outputs: 72 };

/** A subset that keeps all rows, as drop path by chance does, beside those of other tests. */
const CHOICES: (SubsetCase | null)[] = [
  null,
  { name: "all 133, some by 0", lengths: [32, 32, 32, 32, 5], factors: [0, 1.25, 0.5, 2, 0] },
  ...SUBSETS,
];

function hostOf({ rows, inputs, outputs }: typeof SIZES, tokens: number) {
  return {
    x: randomArray(rows * inputs, { seed: 1 }),
    weight: randomArray(outputs * inputs, { seed: 2 }),
    bias: randomArray(outputs, { seed: 3 }),
    residual: randomArray(tokens * outputs, { seed: 4 }),
    gamma: randomArray(outputs, { seed: 5 }),
  };
}

function uploadAll(gpu: Gpu, choice: SubsetCase | null = null, sizes = SIZES) {
  const { inputs, outputs } = sizes;
  const kept = choice && uploadSubset(gpu, choice);
  const rows = kept?.subset.count ?? sizes.rows;
  const tokens = kept?.subset.table.shape[0] ?? rows;
  const host = hostOf({ ...sizes, rows }, tokens);
  return {
    host,
    kept,
    rows,
    x: gpu.upload([rows, inputs], host.x, "x"),
    weight: gpu.upload([outputs, inputs], host.weight, "weight"),
    bias: gpu.upload([outputs], host.bias, "bias"),
    residual: gpu.upload([tokens, outputs], host.residual, "residual"),
    gamma: gpu.upload([outputs], host.gamma, "gamma"),
  };
}

Deno.test("linearResidual() matches the float64 reference with every choice", async (t) => {
  using gpu = await Gpu.open();
  const software = gpu.adapter.software && gpu.adapter.subgroupSize === 8;
  const variants: MatmulVariant[] = software ? ["tiled", "subgroup"] : ["tiled"];
  for (const [choice, given] of CHOICES.flatMap((c) => [SIZES, WIDE].map((s) => [c, s] as const))) {
    const { host, kept, rows, x, weight, bias, residual, gamma } = uploadAll(gpu, choice, given);
    const sizes = { ...given, rows };
    for (let bits = 0; bits < 8; bits++) {
      const [hasBias, hasGamma, keepBranch] = [1, 2, 4].map((bit) => !!(bits & bit));
      const name = `${choice ? `drop path, ${choice.name}` : "no drop path"} ${given.outputs}`;
      await t.step(`${name} ${JSON.stringify({ hasBias, hasGamma, keepBranch })}`, async () => {
        const expected = linearReference(host.x, host.weight, hasBias ? host.bias : null, sizes);
        for (const variant of variants) {
          const { y, branch } = linearResidual(poisoned(gpu), x, weight, hasBias ? bias : null, {
            residual,
            gamma: hasGamma ? gamma : null,
            subset: kept?.subset ?? null,
            keepBranch,
            variant,
          });
          const scale = hasGamma ? host.gamma : null;
          const joined = residualReference(host.residual, scale, kept, expected, sizes.outputs);
          assertAllClose(await gpu.download(y), joined);
          equal(branch !== null, keepBranch);
          if (branch) assertAllClose(await gpu.download(branch), expected);
        }
      });
    }
  }
});

Deno.test("linearResidual() takes no rows", async () => {
  using gpu = await Gpu.open();
  const { weight, bias, gamma } = uploadAll(gpu);
  const [x, residual] = [gpu.empty([0, 9], "x"), gpu.empty([0, 35], "residual")];
  const subset = { table: gpu.empty([0, 2], "none", "u32"), count: 0 };
  const join = { residual, gamma, subset, keepBranch: true };
  const { y, branch } = linearResidual(gpu, x, weight, bias, join);
  deepEqual([y.shape, branch?.shape], [[0, 35], [0, 35]]);
  await gpu.finish();
});

Deno.test("linearResidual() says which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  const { x, weight, bias, residual, gamma } = uploadAll(gpu);
  const table = gpu.empty([133, 2], "table", "u32");
  const good = { residual, gamma, subset: { table, count: 133 }, keepBranch: false };
  const cases: [Partial<Omit<typeof good, "subset">> & { subset?: RowSubset | null }, string][] = [
    [{ residual: x }, "residual must have shape [T, 35], got [133, 9]"],
    [{ residual: table, subset: null }, "residual must have shape [133, 35], got [133, 2]"],
    [{ gamma: weight }, "gamma must have shape [35], got [35, 9]"],
    [{ subset: { table, count: 5 } }, "x must have shape [5, 9], got [133, 9]"],
    [{ subset: { table: x, count: 133 } }, "table must have shape [133, 2], got [133, 9]"],
  ];
  for (const [bad, message] of cases) {
    throws(
      () => linearResidual(gpu, x, weight, bias, { ...good, ...bad }),
      new ShapeError(`Cannot run linearResidual: ${message}`),
    );
  }
});
