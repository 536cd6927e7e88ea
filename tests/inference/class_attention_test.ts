import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import type { Features } from "../../src/inference/forward_pass.ts";
import type { Model } from "../../src/inference/model.ts";
import { classAttentionReference } from "../reference/class_attention.ts";
import { layerNormReference } from "../reference/layer_norm.ts";
import { linearReference } from "../reference/linear.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { deepModel } from "../support/deep_model.ts";

const SHAPE = { images: 2, size: [16, 24] } as const;
const PIXELS = randomArray(2 * 3 * 16 * 24, { seed: 1 });
const [DIM, HEADS, PATCHES, TOKENS] = [64, 2, 6, 9]; // class token, 2 registers, 2 x 3 patches

/** `[images · tokens, D]` */
function allTokens({ clsToken, regTokens, patchTokens }: Features): Float32Array {
  const rows: number[] = [];
  const of = (tokens: Float32Array, image: number) => {
    const each = tokens.length / SHAPE.images;
    return tokens.subarray(image * each, (image + 1) * each);
  };
  for (let image = 0; image < SHAPE.images; image++) {
    for (const tokens of [clsToken, regTokens, patchTokens]) rows.push(...of(tokens, image));
  }
  return Float32Array.from(rows);
}

/** The attention of a block to the patches, in float64 from the tokens that go into it. */
async function expectedOf(model: Model, block: number): Promise<Float64Array> {
  const [before] = await model.getIntermediateLayers(PIXELS, SHAPE, {
    n: [block - 1],
    norm: false,
  });
  const weights = await model.weights();
  const of = (name: string) => weights.get(`blocks.${block}.${name}`)!.values;
  const normed = layerNormReference(allTokens(before), of("norm1.weight"), of("norm1.bias"));
  const sizes = { rows: SHAPE.images * TOKENS, inputs: DIM, outputs: 3 * DIM };
  const qkv = linearReference(normed, of("attn.qkv.weight"), of("attn.qkv.bias"), sizes);
  const shape = { lengths: [TOKENS, TOKENS], numHeads: HEADS, headDim: DIM / HEADS };
  return classAttentionReference(qkv, shape).filter((_, i) => i % TOKENS >= TOKENS - PATCHES);
}

Deno.test("classAttention() of a model matches float64 attention of its tokens and weights", async () => {
  using model = await deepModel();
  for (const block of [1, 2]) {
    const { weights, grid } = await model.classAttention(PIXELS, SHAPE, { block });
    deepEqual(grid, [2, 3]);
    equal(weights.length, SHAPE.images * HEADS * PATCHES);
    assertAllClose(weights, await expectedOf(model, block), { rtol: 1e-4, atol: 1e-6 });
  }
  const last = await model.classAttention(PIXELS, SHAPE);
  deepEqual(last, await model.classAttention(PIXELS, SHAPE, { block: 2 }));
  deepEqual(last, await model.classAttention(PIXELS, SHAPE, { block: null }));
  for (let row = 0; row < SHAPE.images * HEADS; row++) {
    const sum = last.weights.subarray(row * PATCHES, (row + 1) * PATCHES).reduce((a, b) => a + b);
    ok(sum > 0 && sum < 1, "the class token and registers have their share");
  }
});

Deno.test("classAttention() of the first block sees no other image", async () => {
  using model = await deepModel();
  const both = await model.classAttention(PIXELS, SHAPE, { block: 0 });
  const second = PIXELS.subarray(PIXELS.length / 2);
  const alone = await model.classAttention(second, { ...SHAPE, images: 1 }, { block: 0 });
  assertAllClose(alone.weights, both.weights.subarray(both.weights.length / 2));
});

Deno.test("classAttention() says which block and which pixels it wants", async () => {
  using model = await deepModel();
  for (const block of [3, -1, 0.5]) {
    const message = `must be the place of one of the model's blocks, 0 to 2, got ${block}`;
    await rejects(
      model.classAttention(PIXELS, SHAPE, { block }),
      new ConfigError([{ key: "block", message }]),
    );
  }
  await rejects(
    model.classAttention(PIXELS, { images: 1, size: [12, 16] }),
    new ShapeError("Cannot compute features: size must be multiples of patch_size 8, got [12, 16]"),
  );
});
