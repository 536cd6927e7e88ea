import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { softmaxStats } from "../../src/ops/softmax_stats.ts";
import { rowLogSumExpReference, targetsReference } from "../reference/softmax_stats.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { everyWay } from "../support/poisoned.ts";

/** −Σ t·log t of each row of targets. */
function entropiesOf(targets: Float64Array, numPrototypes: number): Float64Array {
  const entropies = new Float64Array(targets.length / numPrototypes);
  targets.forEach((t, at) => {
    if (t > 0) entropies[Math.floor(at / numPrototypes)] -= t * Math.log(t);
  });
  return entropies;
}

Deno.test("softmaxStats() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, no multiple of anything, more prototypes than a shader loop may count (65,535),
  // more rows than one grid axis holds.
  const sizes = [[1, 1], [3, 65], [2, 101], [5, 1000], [2, 65_537], [1, 131_072], [65_537, 3]];
  for (const [rows, numPrototypes] of sizes) {
    const logits = randomArray(rows * numPrototypes, { seed: 1 });
    const center = randomArray(numPrototypes, { seed: 2, scale: 0.5 });
    const expected = rowLogSumExpReference(logits, center, Math.fround(0.04));
    const targets = targetsReference(logits, center, Math.fround(0.04));
    for (const [name, recorder] of everyWay(gpu, rows > 1000 ? 0 : 4)) {
      await t.step(`[${rows}, ${numPrototypes}], ${name}`, async () => {
        const { lse, entropy } = softmaxStats(
          recorder,
          gpu.upload([rows, numPrototypes], logits, "logits"),
          gpu.upload([numPrototypes], center, "center"),
          gpu.upload([1], Float32Array.of(0.04), "temp"),
        );
        assertAllClose(await gpu.download(lse), expected);
        // An entropy is the difference of numbers as large as the log-sum-exp.
        assertAllClose(await gpu.download(entropy), entropiesOf(targets, numPrototypes), {
          rtol: 1e-5,
          atol: 5e-5,
        });
      });
    }
  }
});

Deno.test("softmaxStats() does not overflow on large logits", async () => {
  using gpu = await Gpu.open();
  const logits = Float32Array.of(5000, 4000, -5000, -5000);
  const [center, temp] = [new Float32Array(2), Float32Array.of(0.5)];
  const { lse, entropy } = softmaxStats(
    gpu,
    gpu.upload([2, 2], logits, "logits"),
    gpu.upload([2], center, "center"),
    gpu.upload([1], temp, "temp"),
  );
  assertAllClose(await gpu.download(lse), [10_000, -10_000 + Math.log(2)]);
  assertAllClose(await gpu.download(entropy), [0, Math.log(2)]);
});

Deno.test("softmaxStats() gives the recorded centred targets", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  const { teacher_temps: temps } = golden.json.cases.centering_n6_m9_K64;
  for (const [step, temp] of temps.entries()) {
    for (const kind of ["cls", "patch"]) {
      const name = `centering_n6_m9_K64.step${step}.${kind}`;
      const logits = golden.f32(`${name}_logits`);
      const center = golden.f32(`${name}_center_used`);
      const shape = golden.shape(`${name}_logits`);
      const stats = softmaxStats(
        gpu,
        gpu.upload(shape, logits, "logits"),
        gpu.upload([center.length], center, "center"),
        gpu.upload([1], Float32Array.of(temp), "temp"),
      );
      const lse = await gpu.download(stats.lse);
      const targets = logits.map((logit, at) => {
        const [row, k] = [Math.floor(at / center.length), at % center.length];
        return Math.exp((logit - center[k]) / temp - lse[row]);
      });
      assertAllClose(targets, golden.f32(`${name}_targets`));
    }
  }
});

Deno.test("softmaxStats() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [logits, seven, temp] = [[4, 8], [7], [1]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => softmaxStats(gpu, logits, seven, temp),
    new ShapeError("Cannot run softmaxStats: center must have shape [8], got [7]"),
  );
});
