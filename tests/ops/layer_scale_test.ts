import { equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { layerScaleBackward } from "../../src/ops/layer_scale.ts";
import { layerScaleReference } from "../reference/layer_scale.ts";
import { columnSumReference } from "../reference/matmul.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";
import { pickRows, type SubsetCase, SUBSETS, uploadSubset } from "../support/subsets.ts";

/** Rows without drop path: one element; an odd tail; several splits. Then drop path. */
const CASES: { dim: number; rows: number; drop: SubsetCase | null }[] = [
  { dim: 1, rows: 1, drop: null },
  { dim: 5, rows: 8, drop: null },
  { dim: 70, rows: 377, drop: null },
  { dim: 72, rows: 377, drop: null }, // in eights
  ...SUBSETS.map((drop, i) => ({ dim: [1, 5, 9, 70][i], rows: 0, drop })),
  { dim: 24, rows: 0, drop: SUBSETS[3] },
];

Deno.test("layerScaleBackward() matches central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  const choices = CASES.flatMap((
    each,
  ) => [{ ...each, hasGamma: true }, { ...each, hasGamma: false }]);
  for (const { dim, drop, hasGamma, ...size } of choices) {
    const name = drop ? `drop path, ${drop.name}` : "no drop path";
    await t.step(`${name}, width ${dim}${hasGamma ? "" : ", no gamma"}`, async () => {
      const kept = drop && uploadSubset(gpu, drop);
      const rows = kept?.subset.count ?? size.rows;
      const tokens = kept?.subset.table.shape[0] ?? rows;
      const host = {
        dy: randomArray(tokens * dim, { seed: 1 }),
        branch: randomArray(rows * dim, { seed: 2 }),
        gamma: hasGamma ? randomArray(dim, { seed: 3 }) : new Float32Array(dim).fill(1),
      };
      const sums = (value: number) => gpu.upload([dim], new Float32Array(dim).fill(value), "sums");
      const [dGamma, dBias] = [sums(0.5), sums(-0.5)];
      const dyTensor = gpu.upload([tokens, dim], host.dy, "dy");
      const dBranch = layerScaleBackward(poisoned(gpu), dyTensor, {
        scale: hasGamma
          ? {
            gamma: gpu.upload([dim], host.gamma, "gamma"),
            branch: gpu.upload([rows, dim], host.branch, "branch"),
            dGamma,
          }
          : null,
        subset: kept?.subset ?? null,
        dBias,
      });
      const scales = kept?.factors ?? new Array<number>(rows).fill(1);
      const dy = kept ? pickRows(host.dy, dim, kept.tokens) : host.dy;
      // Linear in the branch: its gradient is the same scaling, applied to dy.
      const expected = layerScaleReference(dy, host.gamma, scales);
      assertAllClose(await gpu.download(dBranch), expected);
      const bias = columnSumReference(expected, dim);
      assertAllClose(await gpu.download(dBias), bias.map((g) => g - 0.5));
      const gamma = hasGamma
        ? centralDifferences(
          (g) => dot(layerScaleReference(host.branch, g, scales), dy),
          host.gamma,
        )
        : new Float64Array(dim);
      assertAllClose(await gpu.download(dGamma), gamma.map((g) => g + 0.5));
    });
  }
});

Deno.test("layerScaleBackward() returns dy itself where nothing scaled the branch", async () => {
  using gpu = await Gpu.open();
  const dy = gpu.empty([4, 8], "dy");
  const none = { scale: null, subset: null, dBias: gpu.empty([8], "dBias") };
  equal(layerScaleBackward(poisoned(gpu), dy, none), dy);
});

Deno.test("layerScaleBackward() reproduces the recorded cases", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  for (const name of ["layerscale_d32", "layerscale_d384"]) {
    const shape = golden.shape(`${name}.x`);
    const dim = shape.at(-1)!;
    const x = golden.f32(`${name}.x`);
    const rows = x.length / dim;
    const zeros = (label: string) => gpu.upload([dim], new Float32Array(dim), label);
    const dGamma = zeros("dGamma");
    const gamma = gpu.upload([dim], golden.f32(`${name}.param.gamma`), "gamma");
    const dy = gpu.upload([rows, dim], golden.f32(`${name}.grad_y`), "dy");
    const dBranch = layerScaleBackward(poisoned(gpu), dy, {
      scale: { gamma, branch: gpu.upload([rows, dim], x, "branch"), dGamma },
      subset: null,
      dBias: zeros("dBias"),
    });
    assertAllClose(await gpu.download(dBranch), golden.f32(`${name}.grad_x`));
    assertAllClose(await gpu.download(dGamma), golden.f32(`${name}.grad.gamma`));
  }
});

Deno.test("layerScaleBackward() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [dy, eight, seven] = [[4, 8], [8], [7]].map((shape) => gpu.empty(shape, "x"));
  const scale = { gamma: eight, branch: dy, dGamma: eight };
  const good = { scale, subset: null, dBias: eight };
  const cases: [Partial<typeof good>, string][] = [
    [{ scale: { ...scale, gamma: seven } }, "gamma must have shape [8], got [7]"],
    [{ scale: { ...scale, branch: seven } }, "branch must have shape [4, 8], got [7]"],
    [{ scale: { ...scale, dGamma: seven } }, "dGamma must have shape [8], got [7]"],
    [{ dBias: seven }, "dBias must have shape [8], got [7]"],
  ];
  for (const [bad, message] of cases) {
    throws(
      () => layerScaleBackward(poisoned(gpu), dy, { ...good, ...bad }),
      new ShapeError(`Cannot run layerScaleBackward: ${message}`),
    );
  }
});
