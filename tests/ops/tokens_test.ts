import { deepEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { assembleTokens, assembleTokensBackward } from "../../src/ops/tokens.ts";
import {
  assembleTokensBackwardReference,
  assembleTokensReference,
  type TokenSizes,
  type TokenValues,
} from "../reference/tokens.ts";
import { assertAllClose, centralDifferences, dot, randomArray } from "../support/arrays.ts";
import { poisoned } from "../support/poisoned.ts";

interface Case extends TokenSizes {
  masked: boolean;
}

/** One of each, odd sizes, a real width, more tokens than one grid axis holds. */
const CASES: Case[] = [
  { crops: 1, patches: 1, registers: 0, dim: 1, masked: false },
  { crops: 3, patches: 5, registers: 2, dim: 7, masked: true },
  { crops: 2, patches: 16, registers: 4, dim: 384, masked: false },
  { crops: 2, patches: 49, registers: 0, dim: 65, masked: true },
  { crops: 13_200, patches: 4, registers: 0, dim: 2, masked: true },
];

/** Rows of other crops before and after the group. */
const [BEFORE, AFTER] = [3, 2];

function tokenCount({ crops, patches, registers }: TokenSizes): number {
  return crops * (1 + registers + patches);
}

function randomValues(sizes: Case): TokenValues & { masks: Uint32Array | null } {
  const { crops, patches, registers, dim, masked } = sizes;
  const masks = Uint32Array.from(
    randomArray(crops * patches, { seed: 6 }),
    (value) => value < -0.2 ? 1 : 0,
  );
  return {
    patches: randomArray(crops * patches * dim, { seed: 1 }),
    clsToken: randomArray(dim, { seed: 2 }),
    registers: randomArray(registers * dim, { seed: 3 }),
    maskToken: randomArray(dim, { seed: 4 }),
    pos: randomArray((1 + patches) * dim, { seed: 5 }),
    masks: masked ? masks : null,
  };
}

function upload(gpu: Gpu, sizes: Case, values: ReturnType<typeof randomValues>) {
  const { crops, patches, registers, dim } = sizes;
  const f32 = (shape: number[], data: ArrayLike<number>, label: string) =>
    gpu.upload(shape, Float32Array.from(data), label);
  return {
    patches: f32([crops * patches, dim], values.patches, "patches"),
    clsToken: f32([1, 1, dim], values.clsToken, "cls_token"),
    registers: registers ? f32([1, registers, dim], values.registers, "register_tokens") : null,
    maskToken: f32([1, dim], values.maskToken, "mask_token"),
    pos: f32([1 + patches, dim], values.pos, "pos"),
    masks: values.masks && gpu.upload([crops * patches], values.masks, "masks"),
  };
}

Deno.test("assembleTokens() matches the reference and leaves other tokens alone", async (t) => {
  using gpu = await Gpu.open();
  for (const sizes of CASES) {
    await t.step(JSON.stringify(sizes), async () => {
      const { crops, dim } = sizes;
      const values = randomValues(sizes);
      const parts = upload(gpu, sizes, values);
      const rows = BEFORE + tokenCount(sizes) + AFTER;
      const into = gpu.upload([rows, dim], new Float32Array(rows * dim).fill(7), "tokens");
      assembleTokens(poisoned(gpu), { ...parts, crops, into, firstToken: BEFORE });
      const expected = new Float64Array(rows * dim).fill(7);
      expected.set(assembleTokensReference(values, sizes), BEFORE * dim);
      assertAllClose(await gpu.download(into), expected);
    });
  }
});

Deno.test("assembleTokens() takes no mask token where there are no masks", async () => {
  using gpu = await Gpu.open();
  const sizes = CASES[2];
  const values = randomValues(sizes);
  const parts = { ...upload(gpu, sizes, values), maskToken: null };
  const into = gpu.empty([tokenCount(sizes), sizes.dim], "tokens");
  assembleTokens(poisoned(gpu), { ...parts, crops: sizes.crops, into, firstToken: 0 });
  assertAllClose(await gpu.download(into), assembleTokensReference(values, sizes));
});

Deno.test("assembleTokensBackward() matches the reference, the same bits each time", async (t) => {
  using gpu = await Gpu.open();
  for (const sizes of CASES) {
    await t.step(JSON.stringify(sizes), async () => {
      const { crops, patches, registers, dim } = sizes;
      const { masks } = upload(gpu, sizes, randomValues(sizes));
      const dxValues = randomArray((BEFORE + tokenCount(sizes) + AFTER) * dim, { seed: 7 });
      const dx = gpu.upload([dxValues.length / dim, dim], dxValues, "dx");
      const group = { dx, firstToken: BEFORE, crops, patches, registers, masks };
      const run = async () => {
        const ones = (shape: number[], label: string) =>
          gpu.upload(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(1), label);
        const grads = {
          clsToken: ones([1, 1, dim], "dClsToken"),
          registers: registers ? ones([1, registers, dim], "dRegisters") : null,
          maskToken: ones([1, dim], "dMaskToken"),
        };
        const { dPatches, dPos } = assembleTokensBackward(poisoned(gpu), group, grads);
        return {
          patches: await gpu.download(dPatches),
          pos: await gpu.download(dPos),
          clsToken: await gpu.download(grads.clsToken),
          maskToken: await gpu.download(grads.maskToken),
          registers: grads.registers ? await gpu.download(grads.registers) : new Float32Array(0),
        };
      };
      const actual = await run();
      const group64 = dxValues.subarray(BEFORE * dim, (BEFORE + tokenCount(sizes)) * dim);
      const maskValues = randomValues(sizes).masks;
      const expected = assembleTokensBackwardReference(group64, maskValues, sizes);
      for (const name of ["clsToken", "registers", "maskToken"] as const) {
        expected[name] = expected[name].map((value) => value + 1); // gradients add
      }
      // A sum over crops of numbers below 1 rounds by less than half an ulp of 1 a term.
      const tolerance = { rtol: 1e-5, atol: Math.max(1e-5, 3e-8 * crops) };
      for (const name of ["patches", "pos", "clsToken", "registers", "maskToken"] as const) {
        assertAllClose(actual[name], expected[name], tolerance, name);
      }
      deepEqual(await run(), actual);
    });
  }
});

Deno.test("assembleTokensBackward() of no crops gives a dPos of zeros", async () => {
  using gpu = await Gpu.open();
  const dx = gpu.empty([3, 4], "dx");
  const clsToken = gpu.upload([1, 1, 4], new Float32Array(4).fill(1), "dClsToken");
  const group = { dx, firstToken: 3, crops: 0, patches: 2, registers: 0, masks: null };
  const grads = { clsToken, registers: null, maskToken: null };
  const { dPatches, dPos } = assembleTokensBackward(poisoned(gpu), group, grads);
  deepEqual(dPatches.shape, [0, 4]);
  deepEqual(await gpu.download(dPos), new Float32Array(12));
  deepEqual(await gpu.download(clsToken), new Float32Array(4).fill(1));
});

Deno.test("assembleTokensBackwardReference() is the derivative of the forward loop", () => {
  const sizes = CASES[1];
  const values = randomValues(sizes);
  const dx = randomArray(tokenCount(sizes) * sizes.dim, { seed: 7 });
  const grads = assembleTokensBackwardReference(dx, values.masks, sizes);
  for (const name of ["patches", "clsToken", "registers", "maskToken", "pos"] as const) {
    const loss = (part: Float64Array) =>
      dot(assembleTokensReference({ ...values, [name]: part }, sizes), dx);
    const expected = centralDifferences(loss, values[name]);
    assertAllClose(grads[name], expected, { rtol: 1e-8, atol: 1e-8 }, name);
  }
});

Deno.test("assembleTokens() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const sizes = CASES[1]; // 3 crops of 1 + 2 + 5 tokens of width 7
  const parts = upload(gpu, sizes, randomValues(sizes));
  const all = { ...parts, crops: 3, into: gpu.empty([24, 7], "tokens"), firstToken: 0 };
  const message = (change: Partial<typeof all>, text: string) =>
    throws(
      () => assembleTokens(gpu, { ...all, ...change } as typeof all),
      new ShapeError(`Cannot run assembleTokens: ${text}`),
    );
  message({ crops: 2 }, "patches must have shape [10, 7], got [15, 7]");
  message({ clsToken: gpu.empty([1, 1, 8], "c") }, "clsToken must have 7 elements, got [1, 1, 8]");
  message(
    { registers: gpu.empty([1, 2, 6], "registers") },
    "registers must have 7 elements, got [1, 2, 6]",
  );
  message({ masks: gpu.empty([3, 5], "masks", "u32") }, "masks must have shape [15], got [3, 5]");
  message(
    { firstToken: 1 },
    "into must have at least 25 rows for 3 crops of 8 tokens from row 1, got 24",
  );
  throws(
    () => assembleTokens(gpu, { ...all, maskToken: null }),
    new ShapeError(
      "Cannot run assembleTokens: maskToken must be given where masks are, got null",
    ),
  );
});

Deno.test("assembleTokensBackward() names what does not fit", async () => {
  using gpu = await Gpu.open();
  const dx = gpu.empty([24, 7], "dx");
  const group = { dx, firstToken: 0, crops: 3, patches: 5, registers: 2, masks: null };
  const grads = { clsToken: gpu.empty([7], "dClsToken"), registers: null, maskToken: null };
  throws(
    () => assembleTokensBackward(gpu, { ...group, crops: 4 }, grads),
    new ShapeError(
      "Cannot run assembleTokensBackward: dx must have at least 32 rows for 4 crops of 8 tokens " +
        "from row 0, got 24",
    ),
  );
  throws(
    () => assembleTokensBackward(gpu, group, { ...grads, registers: gpu.empty([7], "r") }),
    new ShapeError(
      "Cannot run assembleTokensBackward: grads.registers must have 14 elements, got [7]",
    ),
  );
});
