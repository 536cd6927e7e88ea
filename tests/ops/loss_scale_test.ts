import { deepEqual, equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { HYPER, packHyper } from "../../src/ops/adamw.ts";
import { LOSS_SCALE_SIZE, lossScalars, updateLossScale } from "../../src/ops/loss_scale.ts";
import { assertAllClose } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

const BETAS = [0.9, 0.999] as const;
const MAX_NORM = 3;

const SETTINGS = packHyper({
  lrBackbone: 0.1,
  lrHead: 0.2,
  lrLastLayer: 0.3,
  weightDecay: 0.04,
  betas: BETAS,
  eps: 1e-8,
  step: 77, // which is not how many steps counted
  momentum: 0.996,
  updateTeacher: true,
});

/** Runs a step with gradients of that norm, and tells what came of it. */
async function step(gpu: Gpu, state: ReturnType<Gpu["keep"]>, norm: number) {
  const metrics = gpu.upload([6], new Float32Array(6), "metrics");
  const decided = updateLossScale(poisoned(gpu), {
    gathered: gpu.upload([2], Float32Array.of(norm, NaN), "gathered"),
    hyper: gpu.upload([16], SETTINGS, "hyper"),
    state,
    metrics,
  }, { maxNorm: MAX_NORM, slot: 1 });
  return {
    metrics: [...await gpu.download(metrics)].slice(1),
    hyper: await gpu.download(decided.hyper),
    clip: [...await gpu.download(decided.clip)],
    state: [...await gpu.download(state)],
  };
}

Deno.test("updateLossScale() takes the scale out of norm and clip factor", async () => {
  using gpu = await Gpu.open();
  const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
  const small = await step(gpu, state, 2 * 65536);
  deepEqual(small.metrics, [2, 1, 65536, 0, 0]);
  deepEqual(small.clip, [2, 1 / 65536]);
  const large = await step(gpu, state, 12 * 65536);
  assertAllClose(large.clip, [12, 0.25 / 65536]);
  assertAllClose(large.metrics, [12, 0.25, 65536, 0, 0]);
});

Deno.test("updateLossScale() skips what is not finite, and halves the scale", async () => {
  using gpu = await Gpu.open();
  const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
  for (const [index, norm] of [Infinity, NaN].entries()) {
    const skipped = await step(gpu, state, norm);
    equal(skipped.hyper[HYPER.updateStudent], 0);
    equal(skipped.hyper[HYPER.updateTeacher], 1);
    deepEqual(skipped.metrics, [0, 0, 65536 / 2 ** index, 1, index + 1]);
    deepEqual(skipped.state, [32768 / 2 ** index, 0, index + 1, 0, 0, 0, 0, 0]);
  }
  const next = await step(gpu, state, 16384);
  equal(next.hyper[HYPER.updateStudent], 1);
  deepEqual(next.metrics, [1, 1, 16384, 0, 2]);
});

Deno.test("updateLossScale() corrects for the steps that counted, as AdamW's formula does", async () => {
  using gpu = await Gpu.open();
  const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
  let counted = 0;
  for (const norm of [1, NaN, 1, 1, Infinity, 1]) {
    const { hyper } = await step(gpu, state, norm);
    if (!Number.isFinite(norm)) continue;
    counted++;
    const expected = BETAS.map((beta) => 1 - beta ** counted);
    const found = [hyper[HYPER.biasCorrection1], hyper[HYPER.sqrtBiasCorrection2] ** 2];
    assertAllClose(found, expected, { rtol: 1e-6 });
    // All else is as the host set it.
    for (const name of ["lrHead", "weightDecay", "beta2", "eps", "momentum"] as const) {
      equal(hyper[HYPER[name]], SETTINGS[HYPER[name]]);
    }
  }
});

Deno.test("updateLossScale() doubles the scale after 2000 steps without one skipped", async () => {
  using gpu = await Gpu.open();
  const state = gpu.upload([LOSS_SCALE_SIZE], new Float32Array(LOSS_SCALE_SIZE), "loss_scale");
  const at = (scale: number, steady: number) =>
    gpu.write(state, Float32Array.of(scale, steady, 5, 0, 0, 0, 0, 0));
  at(1024, 1998);
  deepEqual((await step(gpu, state, 1)).state.slice(0, 3), [1024, 1999, 5]);
  deepEqual((await step(gpu, state, 1)).state.slice(0, 3), [2048, 0, 5]);
  at(1024, 1999);
  deepEqual((await step(gpu, state, NaN)).state.slice(0, 3), [512, 0, 6]);
  at(2 ** 24, 1999); // as far as it goes
  deepEqual((await step(gpu, state, 1)).state.slice(0, 3), [2 ** 24, 0, 5]);
});

Deno.test("lossScalars() is the temperature with the scale, from the first step on", async () => {
  using gpu = await Gpu.open();
  const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
  const temperature = gpu.upload([2], Float32Array.of(0.5, 1), "temperature");
  const recorder = poisoned(gpu);
  deepEqual([...await gpu.download(lossScalars(recorder, temperature, state))], [0.5, 65536]);
  await step(gpu, state, NaN);
  deepEqual([...await gpu.download(lossScalars(recorder, temperature, state))], [0.5, 32768]);
});

Deno.test("lossScalars() and updateLossScale() name the tensor that does not fit", async () => {
  using gpu = await Gpu.open();
  const seven = gpu.empty([7], "seven");
  throws(
    () => lossScalars(gpu, seven, seven),
    new ShapeError("Cannot run lossScalars: state must have shape [8], got [7]"),
  );
  throws(
    () =>
      updateLossScale(gpu, { gathered: seven, hyper: seven, state: seven, metrics: seven }, {
        maxNorm: 1,
        slot: 0,
      }),
    new ShapeError("Cannot run updateLossScale: gathered must have shape [2], got [7]"),
  );
});
