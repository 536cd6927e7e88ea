import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { attention, attentionBackward, type AttentionVariant } from "../../src/ops/attention.ts";
import { backwardKernels, forwardKernels } from "../../src/ops/attention_kernels.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import {
  attentionBackwardReference,
  attentionReference,
  type AttentionShape,
} from "../reference/attention.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { poisoned, preferring } from "../support/poisoned.ts";

/** The variants this adapter can run. */
function variantsOf(gpu: Gpu): AttentionVariant[] {
  return gpu.adapter.subgroupSize >= 8 ? ["tiled", "subgroup"] : ["tiled"];
}

/** Runs attention and its backward; returns out, lse and dQkv. */
async function runBoth(
  gpu: Gpu,
  { lengths, numHeads, headDim }: AttentionShape,
  { qkv, dOut }: { qkv: Float32Array; dOut: Float32Array },
  { variant, recorder = poisoned(gpu) }: { variant?: AttentionVariant; recorder?: Recorder } = {},
): Promise<Float32Array[]> {
  const sequences = makeSequences(gpu, lengths);
  const [tokens, embedDim] = [sequences.totalTokens, numHeads * headDim];
  const qkvTensor = gpu.upload([tokens, 3 * embedDim], qkv, "qkv");
  const { out, lse } = attention(recorder, qkvTensor, sequences, numHeads, { variant });
  const dQkv = attentionBackward(
    recorder,
    gpu.upload([tokens, embedDim], dOut, "dOut"),
    { qkv: qkvTensor, out, lse },
    sequences,
    numHeads,
    { variant },
  );
  return [await gpu.download(out), await gpu.download(lse), await gpu.download(dQkv)];
}

function randomInputs({ lengths, numHeads, headDim }: AttentionShape, scale = 1) {
  const size = lengths.reduce((sum, length) => sum + length, 0) * numHeads * headDim;
  return { qkv: randomArray(3 * size, { seed: 1, scale }), dOut: randomArray(size, { seed: 2 }) };
}

async function assertMatchesReference(
  gpu: Gpu,
  shape: AttentionShape,
  options: { variant?: AttentionVariant; recorder?: Recorder; scale?: number },
): Promise<void> {
  const inputs = randomInputs(shape, options.scale);
  const [out, lse, dQkv] = await runBoth(gpu, shape, inputs, options);
  const expected = attentionReference(inputs.qkv, shape);
  assertAllClose(out, expected.out, undefined, "out");
  assertAllClose(lse, expected.lse, undefined, "lse");
  const expectedGradient = attentionBackwardReference(inputs.dOut, inputs.qkv, shape);
  assertAllClose(dQkv, expectedGradient, undefined, "dQkv");
}

Deno.test("attention() and its gradient match the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One token; lengths around every tile size; heads that are no multiple of 4; the widest head.
  const shapes: AttentionShape[] = [
    { lengths: [1], numHeads: 1, headDim: 1 },
    { lengths: [7, 8, 9, 31, 32, 33], numHeads: 2, headDim: 10 },
    { lengths: [50, 17, 1, 64], numHeads: 3, headDim: 64 },
    { lengths: [23, 25, 49, 2], numHeads: 2, headDim: 24 },
    { lengths: [40], numHeads: 1, headDim: 128 },
  ];
  for (const shape of shapes) {
    for (const variant of variantsOf(gpu)) {
      await t.step(
        `${variant}: [${shape.lengths}] tokens, ${shape.numHeads} heads of ${shape.headDim}`,
        () => assertMatchesReference(gpu, shape, { variant }),
      );
    }
  }
});

Deno.test("attention() and its gradient match the float64 reference with every tile", async (t) => {
  using gpu = await Gpu.open();
  const names = new Set(
    [forwardKernels, backwardKernels].flatMap((kernelsOf) =>
      kernelsOf({ ...gpu.adapter, kernels: "gpu" }, 64).map(({ name }) => name)
    ),
  );
  ok(names.has("64x16"), [...names].join(" "));
  for (const name of names) {
    const recorder = preferring(poisoned(gpu, { kernels: "gpu" }), name);
    const shape = { lengths: [70, 17, 1, 33], numHeads: 2, headDim: 64 };
    await t.step(name, () => assertMatchesReference(gpu, shape, { recorder }));
  }
});

Deno.test("attention() takes the 1370 tokens of a 518-pixel image", async () => {
  using gpu = await Gpu.open();
  await assertMatchesReference(gpu, { lengths: [1370], numHeads: 1, headDim: 10 }, {});
});

Deno.test("attention() stays exact where one score outweighs all others", async () => {
  using gpu = await Gpu.open();
  const shape = { lengths: [40], numHeads: 1, headDim: 10 };
  for (const variant of variantsOf(gpu)) {
    const inputs = randomInputs(shape, 20); // scores up to several hundred
    const [out, lse] = await runBoth(gpu, shape, inputs, { variant });
    const expected = attentionReference(inputs.qkv, shape);
    // Rounding of a score of 500 moves its exponential by 500 · 2^-24 · a few.
    assertAllClose(out, expected.out, { rtol: 1e-3, atol: 1e-3 }, "out");
    assertAllClose(lse, expected.lse, undefined, "lse");
  }
});

Deno.test("attention() runs more workgroups than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  // Each sequence of one token attends to itself alone: out is its v.
  const shape = { lengths: new Array<number>(33_000).fill(1), numHeads: 2, headDim: 10 };
  const inputs = randomInputs(shape);
  const [out, , dQkv] = await runBoth(gpu, shape, inputs);
  const isValue = (_: number, i: number) => i % 60 >= 40; // q, k and v: 20 numbers each
  assertAllClose(out, inputs.qkv.filter(isValue));
  assertAllClose(dQkv.filter(isValue), inputs.dOut);
});

Deno.test("attention() chooses tiles that fit a small workgroup memory", async () => {
  using gpu = await Gpu.open();
  const recorder = poisoned(gpu, { maxWorkgroupBytes: 16_384 });
  for (const headDim of [10, 128]) {
    const shape = { lengths: [45, 3], numHeads: 1, headDim };
    await assertMatchesReference(gpu, shape, { recorder, variant: "tiled" });
  }
});

Deno.test("attentionBackward() leaves of the keys' common gradient, which is 0, only rounding", async () => {
  using gpu = await Gpu.open();
  const shape = { lengths: new Array<number>(16).fill(20), numHeads: 2, headDim: 16 };
  const width = shape.numHeads * shape.headDim;
  for (const variant of variantsOf(gpu)) {
    const [, , dQkv] = await runBoth(gpu, shape, randomInputs(shape), { variant });
    const sums = new Float64Array(width); // over all tokens, of dk
    for (let at = 0; at < dQkv.length; at += 3 * width) {
      for (let col = 0; col < width; col++) sums[col] += dQkv[at + width + col];
    }
    // 8e-8 (subgroup) and 1.6e-7 (tiled) in the root mean square, of gradients of 0.04.
    assertAllClose(sums, new Float64Array(width), { rtol: 0, atol: 1e-6 }, "Σ dk");
  }
});

Deno.test("attentionBackward() gives the same bits each time", async () => {
  using gpu = await Gpu.open();
  const shape = { lengths: [33, 50], numHeads: 2, headDim: 10 };
  const inputs = randomInputs(shape);
  for (const variant of variantsOf(gpu)) {
    const first = await runBoth(gpu, shape, inputs, { variant });
    deepEqual(await runBoth(gpu, shape, inputs, { variant }), first);
  }
});

Deno.test("the reference's gradient matches central differences of its output", () => {
  const shape = { lengths: [3, 1, 4], numHeads: 2, headDim: 3 };
  const { qkv, dOut } = randomInputs(shape);
  const expected = centralDifferences((x) => dot(attentionReference(x, shape).out, dOut), qkv);
  const actual = attentionBackwardReference(dOut, qkv, shape);
  assertAllClose(actual, expected, { rtol: 1e-7, atol: 1e-8 });
});

Deno.test("attention() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const sequences = makeSequences(gpu, [2, 3]);
  throws(
    () => attention(gpu, gpu.empty([4, 48], "qkv"), sequences, 2),
    new ShapeError("Cannot run attention: qkv must have shape [5, 3D], got [4, 48]"),
  );
  const qkv = gpu.empty([5, 48], "qkv");
  throws(
    () => attention(gpu, qkv, sequences, 5),
    new ShapeError(
      "Cannot run attention: the width of qkv must be 3 · 5 heads of 1 to 128 numbers each, got 48",
    ),
  );
  const [out, lse, wrong] = [[5, 16], [5, 2], [5, 8]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => attentionBackward(gpu, wrong, { qkv, out, lse }, sequences, 2),
    new ShapeError("Cannot run attentionBackward: dOut must have shape [5, 16], got [5, 8]"),
  );
});

Deno.test("attention() tells what its tiles compute past the ends of sequences", () => {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const sequences = makeSequences(recorder, [50, 7]);
  const qkv = recorder.keep("activations", [57, 3 * 2 * 64], "qkv");
  recorder.phase("accumulate");
  attention(recorder, qkv, sequences, 2, { variant: "tiled" });
  const [{ flops, tileFlops, constants }] = recorder.finish().phases.get("accumulate")!;
  const [rows, keys] = [4 * constants!.ROW_GROUPS, 8 * constants!.KEYS_PER_LANE];
  const covered = (length: number, size: number) => Math.ceil(length / size) * size;
  const pairs = [50, 7].reduce((sum, n) => sum + covered(n, rows) * covered(n, keys), 0);
  equal(flops, 4 * (50 * 50 + 7 * 7) * 128);
  equal(tileFlops, 4 * pairs * 128);
});
