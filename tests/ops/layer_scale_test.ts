import { equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { layerScaleBackward } from "../../src/ops/layer_scale.ts";
import { layerScaleReference } from "../reference/layer_scale.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";
import { pickRows, type SubsetCase, SUBSETS, uploadSubset } from "../support/subsets.ts";

/** Rows without drop path: one element; an odd tail; several splits. Then drop path. */
const CASES: { dim: number; rows: number; drop: SubsetCase | null }[] = [
  { dim: 1, rows: 1, drop: null },
  { dim: 5, rows: 8, drop: null },
  { dim: 70, rows: 377, drop: null },
  ...SUBSETS.map((drop, i) => ({ dim: [1, 5, 9, 70][i], rows: 0, drop })),
];

Deno.test("layerScaleBackward() matches central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  for (const { dim, drop, ...size } of CASES) {
    const name = drop ? `drop path, ${drop.name}` : "no drop path";
    await t.step(`${name}, width ${dim}`, async () => {
      const kept = drop && uploadSubset(gpu, drop);
      const rows = kept?.subset.count ?? size.rows;
      const tokens = kept?.subset.table.shape[0] ?? rows;
      const host = {
        dy: randomArray(tokens * dim, { seed: 1 }),
        branch: randomArray(rows * dim, { seed: 2 }),
        gamma: randomArray(dim, { seed: 3 }),
      };
      const dGamma = gpu.upload([dim], new Float32Array(dim).fill(0.5), "dGamma");
      const dBranch = layerScaleBackward(
        poisoned(gpu),
        gpu.upload([tokens, dim], host.dy, "dy"),
        gpu.upload([rows, dim], host.branch, "branch"),
        {
          gamma: gpu.upload([dim], host.gamma, "gamma"),
          subset: kept?.subset ?? null,
          dGamma,
        },
      );
      const scales = kept?.factors ?? new Array<number>(rows).fill(1);
      const dy = kept ? pickRows(host.dy, dim, kept.tokens) : host.dy;
      // Linear in the branch: its gradient is the same scaling, applied to dy.
      assertAllClose(await gpu.download(dBranch), layerScaleReference(dy, host.gamma, scales));
      const expected = centralDifferences(
        (g) => dot(layerScaleReference(host.branch, g, scales), dy),
        host.gamma,
      );
      assertAllClose(await gpu.download(dGamma), expected.map((g) => g + 0.5));
    });
  }
});

Deno.test("layerScaleBackward() returns dy itself where nothing scaled the branch", async () => {
  using gpu = await Gpu.open();
  const dy = gpu.empty([4, 8], "dy");
  const none = { gamma: null, subset: null, dGamma: null };
  equal(layerScaleBackward(poisoned(gpu), dy, gpu.empty([4, 8], "branch"), none), dy);
});

Deno.test("layerScaleBackward() reproduces the recorded cases", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_layers");
  for (const name of ["layerscale_d32", "layerscale_d384"]) {
    const shape = golden.shape(`${name}.x`);
    const dim = shape.at(-1)!;
    const x = golden.f32(`${name}.x`);
    const rows = x.length / dim;
    const dGamma = gpu.upload([dim], new Float32Array(dim), "dGamma");
    const dBranch = layerScaleBackward(
      poisoned(gpu),
      gpu.upload([rows, dim], golden.f32(`${name}.grad_y`), "dy"),
      gpu.upload([rows, dim], x, "branch"),
      {
        gamma: gpu.upload([dim], golden.f32(`${name}.param.gamma`), "gamma"),
        subset: null,
        dGamma,
      },
    );
    assertAllClose(await gpu.download(dBranch), golden.f32(`${name}.grad_x`));
    assertAllClose(await gpu.download(dGamma), golden.f32(`${name}.grad.gamma`));
  }
});

Deno.test("layerScaleBackward() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [dy, branch, seven] = [[4, 8], [4, 8], [7]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () =>
      layerScaleBackward(poisoned(gpu), dy, branch, { gamma: seven, subset: null, dGamma: null }),
    new ShapeError("Cannot run layerScaleBackward: gamma must have shape [8], got [7]"),
  );
});
