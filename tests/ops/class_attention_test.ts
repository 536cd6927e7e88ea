import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { classAttention } from "../../src/ops/class_attention.ts";
import type { AttentionShape } from "../reference/attention.ts";
import { classAttentionReference } from "../reference/class_attention.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

/** Sequences of one length. */
function shapeOf([sequences, tokens, numHeads, headDim]: readonly number[]): AttentionShape {
  return { lengths: new Array<number>(sequences).fill(tokens), numHeads, headDim };
}

async function assertMatchesReference(gpu: Gpu, shape: AttentionShape, scale = 1) {
  const { lengths, numHeads, headDim } = shape;
  const [sequences, total] = [lengths.length, lengths.length * lengths[0]];
  const width = 3 * numHeads * headDim;
  const qkv = randomArray(total * width, { seed: 1, scale });
  const weights = classAttention(poisoned(gpu), gpu.upload([total, width], qkv, "qkv"), {
    sequences,
    numHeads,
  });
  // A score of 500 is rounded by 500 · 2^-24 · a few, and its exponential with it.
  const tolerance = { rtol: 1e-4 * scale, atol: 1e-6 * scale };
  assertAllClose(await gpu.download(weights), classAttentionReference(qkv, shape), tolerance);
}

Deno.test("classAttention() matches the float64 reference", async (t) => {
  using gpu = await Gpu.open();
  // One token; around the workgroup's 64 lanes; ViT-S/14 at 224 and, with registers, 518 pixels.
  const cases = [
    [1, 1, 1, 1],
    [3, 5, 2, 10],
    [2, 63, 1, 3],
    [2, 65, 1, 128],
    [2, 257, 6, 64],
    [1, 1374, 2, 64],
  ];
  for (const each of cases) {
    const [sequences, tokens, numHeads, headDim] = each;
    const name = `${sequences} of ${tokens} tokens, ${numHeads} heads of ${headDim}`;
    await t.step(name, () => assertMatchesReference(gpu, shapeOf(each)));
  }
});

Deno.test("classAttention() stays exact where one score outweighs all others", async () => {
  using gpu = await Gpu.open();
  await assertMatchesReference(gpu, shapeOf([2, 40, 1, 10]), 20); // scores up to several hundred
});

Deno.test("classAttention() runs more workgroups than one grid axis holds", async () => {
  using gpu = await Gpu.open();
  await assertMatchesReference(gpu, shapeOf([33_000, 2, 2, 1]));
});

Deno.test("classAttention() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const qkv = gpu.empty([6, 48], "qkv");
  const message = (sequences: number, numHeads: number) =>
    new ShapeError(
      `Cannot run classAttention: qkv must be ${sequences} sequences of one length and 3 · ` +
        `${numHeads} heads of one width, got [6, 48]`,
    );
  throws(() => classAttention(gpu, qkv, { sequences: 4, numHeads: 2 }), message(4, 2));
  throws(() => classAttention(gpu, qkv, { sequences: 2, numHeads: 5 }), message(2, 5));
  throws(
    () => classAttention(gpu, qkv, { sequences: 2, numHeads: 2, into: gpu.empty([2, 2], "into") }),
    new ShapeError("Cannot run classAttention: into must have shape [2, 2, 3], got [2, 2]"),
  );
});
