import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import {
  adamw,
  type AdamWStep,
  HYPER,
  packHyper,
  packSegments,
  type Segment,
} from "../../src/ops/adamw.ts";
import { adamwReference } from "../reference/adamw.ts";
import { everyWay } from "../support/poisoned.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";

const SEGMENTS: Segment[] = [
  { lrScale: 0.5, weightDecay: true, kind: "backbone" },
  { lrScale: 1, weightDecay: false, kind: "head" },
  { lrScale: 1, weightDecay: true, kind: "lastLayer" },
  { lrScale: 0.9 ** 13, weightDecay: false, kind: "backbone" },
];

/** Frozen last layer at first, then all move; the teacher waits in the second step. */
const STEPS: AdamWStep[] = [0, 1, 2].map((step) => ({
  lrBackbone: 0.01,
  lrHead: 0.02,
  lrLastLayer: step === 0 ? 0 : 0.03,
  weightDecay: 0.04 + 0.1 * step,
  betas: [0.9, 0.999],
  eps: 1e-8,
  step,
  momentum: 0.992,
  updateTeacher: step !== 1,
}));

const BUFFERS = ["values", "expAvg", "expAvgSq", "teacher"] as const;

/** Parameters are of size 1 and move by less than 0.1: a step rounds them by a few ulps of 1. */
const PARAMETERS = { rtol: 1e-6, atol: 5e-7 };

/** A moment sums terms that may cancel: it is exact by the size of the largest of its tensor. */
function momentTolerance(expected: Float32Array) {
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return { rtol: 2e-6, atol: 1e-7 * largest };
}

function zeros(gpu: Gpu, n: number, label: string): Tensor {
  return gpu.upload([n], new Float32Array(n), label);
}

/** Uploads a state, runs the steps on the GPU, and downloads what is left. */
async function runSteps(
  gpu: Gpu,
  n: number,
  blocks: Uint32Array,
  clip: number,
  recorder: Recorder = gpu,
) {
  const table = packSegments(blocks, SEGMENTS);
  const buffers = {
    values: gpu.upload([n], randomArray(n, { seed: 1 }), "values"),
    teacher: gpu.upload([n], randomArray(n, { seed: 2 }), "teacher"),
    expAvg: zeros(gpu, n, "expAvg"),
    expAvgSq: zeros(gpu, n, "expAvgSq"),
    table: gpu.upload([table.length], table, "table"),
    clip: gpu.upload([2], Float32Array.of(1, clip), "clip"),
  };
  for (const now of STEPS) {
    const grads = gpu.upload([n], randomArray(n, { seed: 3 + now.step }), "grads");
    adamw(recorder, { ...buffers, grads, hyper: gpu.upload([16], packHyper(now), "hyper") });
  }
  const left: Record<string, Float32Array> = {};
  for (const name of BUFFERS) left[name] = await gpu.download(buffers[name]);
  return left;
}

Deno.test("adamw() matches the float64 reference and repeats its bits", async (t) => {
  using gpu = await Gpu.open();
  for (const n of [64, 64 * 17, 64 * 4099]) {
    await t.step(`${n} elements`, async () => {
      const clip = 0.25;
      const blocks = Uint32Array.from({ length: n / 64 }, (_, i) => (i * 7) % SEGMENTS.length);
      const state = {
        values: Float64Array.from(randomArray(n, { seed: 1 })),
        teacher: Float64Array.from(randomArray(n, { seed: 2 })),
        expAvg: new Float64Array(n),
        expAvgSq: new Float64Array(n),
      };
      for (const now of STEPS) {
        const grads = randomArray(n, { seed: 3 + now.step });
        const rates = {
          backbone: now.lrBackbone,
          head: now.lrHead,
          lastLayer: now.lrLastLayer,
        };
        blocks.forEach((segment, block) => {
          const { lrScale, weightDecay, kind } = SEGMENTS[segment];
          const group = {
            ...now,
            clip,
            lr: rates[kind] * lrScale,
            weightDecay: weightDecay ? now.weightDecay : 0,
            momentum: now.updateTeacher ? now.momentum : null,
          };
          adamwReference(state, grads, group, [64 * block, 64 * block + 64]);
        });
      }
      const actual = await runSteps(gpu, n, blocks, clip);
      for (const name of BUFFERS) assertAllClose(actual[name], state[name], PARAMETERS, name);
      for (const [name, recorder] of everyWay(gpu)) { // lanes share nothing, whatever their number
        deepEqual(await runSteps(gpu, n, blocks, clip, recorder), actual, name);
      }
    });
  }
});

Deno.test("adamw() of a skipped step moves the teacher alone, whatever the gradients are", async () => {
  using gpu = await Gpu.open();
  const hyper = packHyper(STEPS[0]);
  hyper[HYPER.updateStudent] = 0;
  const table = packSegments([0], SEGMENTS);
  const start = (seed: number) => gpu.upload([64], randomArray(64, { seed }), "start");
  const buffers = { values: start(1), expAvg: start(2), expAvgSq: start(3), teacher: start(4) };
  adamw(gpu, {
    ...buffers,
    grads: gpu.upload([64], new Float32Array(64).fill(NaN), "grads"),
    table: gpu.upload([table.length], table, "table"),
    hyper: gpu.upload([16], hyper, "hyper"),
    clip: gpu.upload([2], Float32Array.of(0, 0), "clip"),
  });
  deepEqual(await gpu.download(buffers.values), randomArray(64, { seed: 1 }));
  deepEqual(await gpu.download(buffers.expAvg), randomArray(64, { seed: 2 }));
  deepEqual(await gpu.download(buffers.expAvgSq), randomArray(64, { seed: 3 }));
  const [student, teacher] = [randomArray(64, { seed: 1 }), randomArray(64, { seed: 4 })];
  const { momentum } = STEPS[0];
  const followed = teacher.map((t, i) => momentum * t + (1 - momentum) * student[i]);
  assertAllClose(await gpu.download(buffers.teacher), followed, PARAMETERS);
});

Deno.test("adamw() matches the recorded reference", async (t) => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_adamw");
  const { betas, eps, steps } = golden.json.cases.adamw_0;
  const counts = { a: golden.f32("adamw_0.init.a").length, b: golden.f32("adamw_0.init.b").length };
  const padded = (name: string) => {
    const data = new Float32Array(128);
    data.set(golden.f32(`adamw_0.${name}a`), 0);
    data.set(golden.f32(`adamw_0.${name}b`), 64);
    return data;
  };
  const segments: Segment[] = [
    { lrScale: 1, weightDecay: true, kind: "backbone" },
    { lrScale: 1, weightDecay: false, kind: "head" },
  ];
  const init = padded("init.");
  const buffers = {
    values: gpu.upload([128], init, "values"),
    teacher: gpu.upload([128], init, "teacher"),
    expAvg: zeros(gpu, 128, "expAvg"),
    expAvgSq: zeros(gpu, 128, "expAvgSq"),
    table: gpu.upload([10], packSegments([0, 1], segments), "table"),
    clip: gpu.upload([2], Float32Array.of(1, 1), "clip"),
  };
  for (const [step, { lr_a, lr_b, wd_a }] of steps.entries()) {
    await t.step(`step ${step}`, async () => {
      const hyper = packHyper({
        lrBackbone: lr_a,
        lrHead: lr_b,
        lrLastLayer: 0,
        weightDecay: wd_a,
        betas,
        eps,
        step,
        momentum: 1,
        updateTeacher: true,
      });
      const grads = gpu.upload([128], padded(`step${step}.grad_`), "grads");
      adamw(gpu, { ...buffers, grads, hyper: gpu.upload([16], hyper, "hyper") });
      const recorded = { values: "", expAvg: "exp_avg_", expAvgSq: "exp_avg_sq_" } as const;
      for (const [name, prefix] of Object.entries(recorded)) {
        const actual = await gpu.download(buffers[name as keyof typeof recorded]);
        for (const [part, start] of [["a", 0], ["b", 64]] as const) {
          const expected = golden.f32(`adamw_0.step${step}.${prefix}${part}`);
          const end = start + counts[part];
          const tolerance = name === "values" ? PARAMETERS : momentTolerance(expected);
          assertAllClose(actual.subarray(start, end), expected, tolerance, `${name} ${part}`);
          // Padding stays what it was.
          const padding = new Float32Array(64 - counts[part]);
          deepEqual(actual.slice(end, start + 64), padding);
        }
      }
    });
  }
  deepEqual(await gpu.download(buffers.teacher), init); // momentum 1 keeps the teacher
});

Deno.test("packHyper() takes differences before rounding", () => {
  const hyper = packHyper({ ...STEPS[0], momentum: 0.99999 });
  deepEqual(hyper[HYPER.oneMinusMomentum], Math.fround(1 - 0.99999));
  deepEqual(hyper[HYPER.oneMinusBeta2], Math.fround(1 - 0.999));
  deepEqual(hyper[HYPER.sqrtBiasCorrection2], Math.fround(Math.sqrt(1 - 0.999)));
});

Deno.test("adamw() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const [n64, n63, two] = [zeros(gpu, 64, "n64"), zeros(gpu, 63, "n63"), zeros(gpu, 2, "two")];
  const all = {
    values: n64,
    grads: n64,
    expAvg: n64,
    expAvgSq: n64,
    teacher: n64,
    table: gpu.empty([5], "table", "u32"),
    hyper: zeros(gpu, 16, "hyper"),
    clip: two,
  };
  throws(
    () => adamw(gpu, { ...all, values: n63 }),
    new ShapeError(
      "Cannot run adamw: values must have a multiple of 64 elements, got 63; pad each parameter " +
        "to whole blocks",
    ),
  );
  throws(
    () => adamw(gpu, { ...all, teacher: two }),
    new ShapeError("Cannot run adamw: teacher must have shape [64], got [2]"),
  );
  throws(
    () => adamw(gpu, { ...all, hyper: two }),
    new ShapeError("Cannot run adamw: hyper must have shape [16], got [2]"),
  );
  throws(
    () => packSegments([0, 4], SEGMENTS),
    new ShapeError("Cannot pack segments: block 1 must name one of 4 segments, got 4"),
  );
});
