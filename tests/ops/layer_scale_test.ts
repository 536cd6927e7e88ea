import { equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { layerScaleBackward } from "../../src/ops/layer_scale.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { layerScaleReference } from "../reference/layer_scale.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

Deno.test("layerScaleBackward() matches central differences of the reference", async (t) => {
  using gpu = await Gpu.open();
  // One element; an odd tail; several splits of the rows.
  for (const [lengths, dim] of [[[1], 1], [[3, 1, 4], 5], [[300, 77], 70]] as const) {
    const sequences = makeSequences(gpu, lengths);
    const rows = sequences.totalTokens;
    const scale = randomArray(lengths.length, { seed: 4, mean: 1 });
    const inputs = {
      dy: randomArray(rows * dim, { seed: 1 }),
      branch: randomArray(rows * dim, { seed: 2 }),
      gamma: randomArray(dim, { seed: 3 }),
    };
    for (const dropPath of [false, true]) {
      await t.step(`[${rows}, ${dim}]${dropPath ? " with drop path" : ""}`, async () => {
        const dGamma = gpu.upload([dim], new Float32Array(dim).fill(0.5), "dGamma");
        const { sequenceOfToken } = sequences;
        const dBranch = layerScaleBackward(
          poisoned(gpu),
          gpu.upload([rows, dim], inputs.dy, "dy"),
          gpu.upload([rows, dim], inputs.branch, "branch"),
          {
            gamma: gpu.upload([dim], inputs.gamma, "gamma"),
            rowScale: dropPath
              ? { sequenceOfToken, scale: gpu.upload([lengths.length], scale, "scale") }
              : null,
            dGamma,
          },
        );
        const scales = lengths.flatMap((length, sequence) =>
          new Array<number>(length).fill(dropPath ? scale[sequence] : 1)
        );
        const { dy, branch, gamma } = inputs;
        // Linear in the branch: its gradient is the same scaling, applied to dy.
        assertAllClose(await gpu.download(dBranch), layerScaleReference(dy, gamma, scales));
        const expected = centralDifferences(
          (g) => dot(layerScaleReference(branch, g, scales), dy),
          gamma,
        );
        assertAllClose(await gpu.download(dGamma), expected.map((g) => g + 0.5));
      });
    }
  }
});

Deno.test("layerScaleBackward() returns dy itself where nothing scaled the branch", async () => {
  using gpu = await Gpu.open();
  const dy = gpu.empty([4, 8], "dy");
  const none = { gamma: null, rowScale: null, dGamma: null };
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
        rowScale: null,
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
      layerScaleBackward(poisoned(gpu), dy, branch, { gamma: seven, rowScale: null, dGamma: null }),
    new ShapeError("Cannot run layerScaleBackward: gamma must have shape [8], got [7]"),
  );
});
