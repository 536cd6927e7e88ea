import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { view } from "../../src/gpu/tensor.ts";
import {
  NO_PAIR,
  type PrototypeCrossEntropy,
  prototypeCrossEntropy,
} from "../../src/ops/prototype_cross_entropy.ts";
import { softmaxStats } from "../../src/ops/softmax_stats.ts";
import { prototypeCrossEntropyReference } from "../reference/prototype_cross_entropy.ts";
import { targetsReference } from "../reference/softmax_stats.ts";
import { assertAllClose, centralDifferences, randomArray } from "../support/arrays.ts";
import { type GoldenCase, loadCase } from "../support/golden.ts";
import { everyWay, poisoned } from "../support/poisoned.ts";

/** A power of two, which rounding does not see; losses do not have it. */
const LOSS_SCALE = 8;

interface Inputs {
  student: Float32Array;
  teacher: Float32Array;
  center: Float32Array;
  teacherTemp: number;
  studentTemp: number;
  pairs: Uint32Array;
  weights: Float32Array; // one for each row of student
  gradScale: number;
}

/** Losses and gradient of a chunk that stands after `rowOffset` rows of another. */
async function onGpu(gpu: Gpu, inputs: Inputs, rowOffset = 0, recorder = poisoned(gpu)) {
  const { pairs, weights, studentTemp, gradScale } = inputs;
  const numPrototypes = inputs.center.length;
  const rows = weights.length;
  const student = gpu.upload([rows, numPrototypes], inputs.student, "student");
  const teacherRows = inputs.teacher.length / numPrototypes;
  const teacher = gpu.upload([teacherRows, numPrototypes], inputs.teacher, "teacher");
  const center = gpu.upload([numPrototypes], inputs.center, "center");
  const scalars = Float32Array.of(inputs.teacherTemp, LOSS_SCALE);
  const lossScalars = gpu.upload([2], scalars, "loss_scalars");
  const allWeights = new Float32Array(rowOffset + rows).fill(NaN);
  allWeights.set(weights, rowOffset);
  const losses = gpu.upload([rowOffset + rows], new Float32Array(rowOffset + rows), "losses");
  prototypeCrossEntropy(recorder, {
    student,
    teacher,
    center,
    teacherLse: softmaxStats(recorder, teacher, center, view(lossScalars, [1])).lse,
    lossScalars,
    studentTemp,
    pairs: gpu.upload([rows, 2], pairs, "pairs"),
    weights: gpu.upload([rowOffset + rows], allWeights, "weights"),
    losses,
    rowOffset,
    gradScale,
  });
  const downloaded = await gpu.download(losses);
  assertAllClose(downloaded.subarray(0, rowOffset), new Float32Array(rowOffset), { atol: 0 });
  const gradient = (await gpu.download(student)).map((value) => value / LOSS_SCALE);
  return { losses: downloaded.subarray(rowOffset), gradient };
}

/** A chunk with two pairs, one, none, and weights of zero. */
function randomInputs(rows: number, teacherRows: number, numPrototypes: number): Inputs {
  const patterns = [[0, 1], [2, NO_PAIR], [NO_PAIR, 1], [NO_PAIR, NO_PAIR], [1, 1]];
  const pairs = Array.from(
    { length: rows },
    (_, row) =>
      patterns[row % patterns.length].map((pair) => pair === NO_PAIR ? pair : pair % teacherRows),
  );
  return {
    student: randomArray(rows * numPrototypes, { seed: 1 }),
    teacher: randomArray(teacherRows * numPrototypes, { seed: 2 }),
    center: randomArray(numPrototypes, { seed: 3, scale: 0.2 }),
    teacherTemp: Math.fround(0.04),
    studentTemp: 0.1,
    pairs: Uint32Array.from(pairs.flat()),
    weights: randomArray(rows, { seed: 4, mean: 0.5 }).map((w, row) => row % 7 === 6 ? 0 : w),
    gradScale: 0.25,
  };
}

Deno.test("prototypeCrossEntropy() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One element, no multiple of anything, more prototypes than a shader loop may count (65,535),
  // more rows than one grid axis holds.
  const sizes = [[1, 1, 1], [8, 3, 65], [5, 4, 101], [4, 2, 1000], [2, 2, 65_537], [65_537, 2, 3]];
  for (const [rows, teacherRows, numPrototypes] of sizes) {
    const inputs = randomInputs(rows, teacherRows, numPrototypes);
    const targets = targetsReference(inputs.teacher, inputs.center, inputs.teacherTemp);
    const { student, gradScale } = inputs;
    const options = { ...inputs, numPrototypes };
    const expectedLosses = prototypeCrossEntropyReference(student, targets, options);
    for (const [name, recorder] of everyWay(gpu, rows > 1000 ? 0 : 4)) {
      await t.step(`[${rows}, ${numPrototypes}] against ${teacherRows}, ${name}`, async () => {
        const { losses, gradient } = await onGpu(gpu, inputs, 3, recorder);
        assertAllClose(losses, expectedLosses);
        if (rows > 1000) return; // central differences would take minutes
        // The elements that matter: the largest gradients, and some others.
        const at = [...gradient.keys()]
          .sort((a, b) => Math.abs(gradient[b]) - Math.abs(gradient[a]))
          .filter((_, rank) => rank < 8 || rank % Math.ceil(gradient.length / 8) === 0);
        const expected = centralDifferences(
          (point) =>
            gradScale * prototypeCrossEntropyReference(point, targets, options)
              .reduce((sum, loss) => sum + loss),
          student,
          { at },
        );
        assertAllClose(at.map((i) => gradient[i]), expected, { rtol: 1e-5, atol: 1e-7 });
      });
    }
  }
});

Deno.test("prototypeCrossEntropy() leaves the losses alone where there are no rows", async () => {
  using gpu = await Gpu.open();
  const losses = gpu.upload([2], Float32Array.of(3, 4), "losses");
  prototypeCrossEntropy(gpu, { ...chunkOf(gpu, 0), losses, weights: losses, rowOffset: 2 });
  assertAllClose(await gpu.download(losses), [3, 4]);
});

/** Recorded cases hold targets: their logarithms are logits that give them back. */
function inputsFrom(golden: GoldenCase, name: string, student: string): Inputs {
  const numPrototypes = golden.shape(`${name}.${student}`).at(-1)!;
  const [rows] = golden.shape(`${name}.${student}`);
  return {
    student: golden.f32(`${name}.${student}`),
    teacher: golden.f32(`${name}.teacher`).map((target) => Math.log(Math.max(target, 1e-30))),
    center: new Float32Array(numPrototypes),
    teacherTemp: 1,
    studentTemp: golden.json.cases[name].student_temp,
    pairs: Uint32Array.from({ length: rows * 2 }, (_, i) => i % 2 === 0 ? i / 2 : NO_PAIR),
    weights: new Float32Array(rows).fill(1 / rows),
    gradScale: 1,
  };
}

async function assertRecorded(gpu: Gpu, golden: GoldenCase, name: string, inputs: Inputs) {
  const { losses, gradient } = await onGpu(gpu, inputs);
  const sum = losses.reduce((total, loss) => total + loss, 0);
  assertAllClose([sum], golden.f32(`${name}.loss`), { atol: 0 }, "losses");
  const [key] = [...golden.tensors.keys()].filter((key) => key.startsWith(`${name}.grad_student`));
  const expected = golden.f32(key);
  // Relative to the largest: small elements are differences of near numbers.
  const atol = 1e-5 * Math.max(...expected.map(Math.abs));
  assertAllClose(gradient, expected, { rtol: 0, atol }, "gradients");
}

Deno.test("prototypeCrossEntropy() gives the recorded global DINO losses", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  for (const name of ["dino_global_B3_K64_L2", "dino_global_B4_K65_L0"]) {
    await assertRecorded(gpu, golden, name, inputsFrom(golden, name, "student_global"));
  }
});

Deno.test("prototypeCrossEntropy() gives the recorded local DINO loss", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  const [name, batch] = ["dino_local_B3_K64_L2", 3];
  const inputs = inputsFrom(golden, name, "student_local");
  // Row l·B + b against both global views of image b.
  const pairs = Array.from(inputs.weights, (_, row) => [row % batch, batch + row % batch]);
  const weights = inputs.weights.map(() => 1 / batch);
  await assertRecorded(gpu, golden, name, {
    ...inputs,
    pairs: Uint32Array.from(pairs.flat()),
    weights,
  });
});

Deno.test("prototypeCrossEntropy() gives the recorded iBOT losses", async () => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  for (const name of ["ibot_crops6_grid4_K64", "ibot_crops4_grid6_K65"]) {
    const { crops } = golden.json.cases[name];
    const weights = golden.f32(`${name}.mask_weights`).map((weight) => weight / crops);
    const inputs = inputsFrom(golden, name, "student");
    await assertRecorded(gpu, golden, name, { ...inputs, weights });
  }
});

Deno.test("prototypeCrossEntropy() names the tensor that does not fit", async () => {
  using gpu = await Gpu.open();
  const chunk = chunkOf(gpu, 4);
  throws(
    () => prototypeCrossEntropy(gpu, { ...chunk, teacher: gpu.empty([2, 7], "teacher") }),
    new ShapeError(
      "Cannot run prototypeCrossEntropy: teacher must have shape [teacherRows, 8], got [2, 7]",
    ),
  );
  throws(
    () => prototypeCrossEntropy(gpu, { ...chunk, rowOffset: 6 }),
    new ShapeError(
      "Cannot run prototypeCrossEntropy: weights must have at least 10 elements, got [9]",
    ),
  );
});

/** Tensors that fit each other and hold nothing. */
function chunkOf(gpu: Gpu, rows: number): PrototypeCrossEntropy {
  const tensor = (...shape: number[]) => gpu.empty(shape, "x");
  return {
    student: tensor(rows, 8),
    teacher: tensor(2, 8),
    center: tensor(8),
    teacherLse: tensor(2),
    lossScalars: tensor(2),
    studentTemp: 0.1,
    pairs: tensor(rows, 2),
    weights: tensor(9),
    losses: tensor(10),
    rowOffset: 0,
    gradScale: 1,
  };
}
