import { deepEqual, equal, throws } from "node:assert/strict";
import { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { linearResidual } from "../../src/ops/linear_residual.ts";
import type { MatmulVariant } from "../../src/ops/matmul.ts";
import { linearReference, residualReference } from "../reference/linear.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

// More rows than one tile, an odd number of columns.
const SIZES = { rows: 133, inputs: 9, outputs: 35 };

const HOST = {
  x: randomArray(SIZES.rows * SIZES.inputs, { seed: 1 }),
  weight: randomArray(SIZES.outputs * SIZES.inputs, { seed: 2 }),
  bias: randomArray(SIZES.outputs, { seed: 3 }),
  residual: randomArray(SIZES.rows * SIZES.outputs, { seed: 4 }),
  gamma: randomArray(SIZES.outputs, { seed: 5 }),
  sequenceOfToken: Uint32Array.from({ length: SIZES.rows }, (_, row) => row >> 5),
  scale: Float32Array.of(0, 1.25, 0.5, 2, 0),
};

function uploadAll(gpu: Gpu) {
  const { rows, inputs, outputs } = SIZES;
  return {
    x: gpu.upload([rows, inputs], HOST.x, "x"),
    weight: gpu.upload([outputs, inputs], HOST.weight, "weight"),
    bias: gpu.upload([outputs], HOST.bias, "bias"),
    residual: gpu.upload([rows, outputs], HOST.residual, "residual"),
    gamma: gpu.upload([outputs], HOST.gamma, "gamma"),
    rowScale: {
      sequenceOfToken: gpu.upload([rows], HOST.sequenceOfToken, "sequence of token"),
      scale: gpu.upload([5], HOST.scale, "scale"),
    },
  };
}

Deno.test("linearResidual() matches the float64 reference with every choice", async (t) => {
  using gpu = await Gpu.open();
  const { x, weight, bias, residual, gamma, rowScale } = uploadAll(gpu);
  const software = gpu.adapter.software && gpu.adapter.subgroupSize === 8;
  const variants: MatmulVariant[] = software ? ["tiled", "subgroup"] : ["tiled"];
  const scaleOfRow = Array.from(HOST.sequenceOfToken, (sequence) => HOST.scale[sequence]);
  for (let choice = 0; choice < 16; choice++) {
    const [hasBias, hasGamma, hasScale, keepBranch] = [1, 2, 4, 8].map((bit) => !!(choice & bit));
    await t.step(JSON.stringify({ hasBias, hasGamma, hasScale, keepBranch }), async () => {
      const expected = linearReference(HOST.x, HOST.weight, hasBias ? HOST.bias : null, SIZES);
      for (const variant of variants) {
        const { y, branch } = linearResidual(poisoned(gpu), x, weight, hasBias ? bias : null, {
          residual,
          gamma: hasGamma ? gamma : null,
          rowScale: hasScale ? rowScale : null,
          keepBranch,
          variant,
        });
        const joined = residualReference(
          HOST.residual,
          hasGamma ? HOST.gamma : null,
          hasScale ? scaleOfRow : null,
          expected,
          SIZES.outputs,
        );
        assertAllClose(await gpu.download(y), joined);
        equal(branch !== null, keepBranch);
        if (branch) assertAllClose(await gpu.download(branch), expected);
      }
    });
  }
});

Deno.test("linearResidual() takes no rows", async () => {
  using gpu = await Gpu.open();
  const { weight, bias, gamma, rowScale } = uploadAll(gpu);
  const [x, residual] = [gpu.empty([0, 9], "x"), gpu.empty([0, 35], "residual")];
  const none = { sequenceOfToken: gpu.empty([0], "none", "u32"), scale: rowScale.scale };
  const join = { residual, gamma, rowScale: none, keepBranch: true };
  const { y, branch } = linearResidual(gpu, x, weight, bias, join);
  deepEqual([y.shape, branch?.shape], [[0, 35], [0, 35]]);
  await gpu.finish();
});

Deno.test("linearResidual() says which tensor does not fit", async () => {
  using gpu = await Gpu.open();
  const { x, weight, bias, residual, gamma, rowScale } = uploadAll(gpu);
  const good = { residual, gamma, rowScale, keepBranch: false };
  const { sequenceOfToken, scale } = rowScale;
  const cases: [Partial<typeof good>, string][] = [
    [{ residual: x }, "residual must have shape [133, 35], got [133, 9]"],
    [{ gamma: scale }, "gamma must have shape [35], got [5]"],
    [
      { rowScale: { sequenceOfToken: scale, scale } },
      "sequenceOfToken must have shape [133], got [5]",
    ],
    [{ rowScale: { sequenceOfToken, scale: x } }, "scale must have shape [S], got [133, 9]"],
  ];
  for (const [bad, message] of cases) {
    throws(
      () => linearResidual(gpu, x, weight, bias, { ...good, ...bad }),
      new ShapeError(`Cannot run linearResidual: ${message}`),
    );
  }
});
