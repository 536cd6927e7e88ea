// deno bench -A bench/ops/tokens_bench.ts: assembling the tokens of global views, and back.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { assembleTokens, assembleTokensBackward } from "../../src/ops/tokens.ts";
import { assembleTokensReference } from "../../tests/reference/tokens.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

/** Patches of one global view, and registers of the models that have them. */
const [PATCHES, REGISTERS] = [256, 4];

/** Uploads everything for the global views of a step and checks the tokens once. */
async function setup(gpu: Gpu, dim: number) {
  const crops = tokensFor(gpu) / PATCHES;
  const tokens = crops * (1 + REGISTERS + PATCHES);
  const values = {
    patches: randomArray(crops * PATCHES * dim, { seed: 1 }),
    clsToken: randomArray(dim, { seed: 2 }),
    registers: randomArray(REGISTERS * dim, { seed: 3 }),
    maskToken: randomArray(dim, { seed: 4 }),
    pos: randomArray((1 + PATCHES) * dim, { seed: 5 }),
    masks: Uint32Array.from({ length: crops * PATCHES }, (_, i) => i % 3 === 0 ? 1 : 0),
  };
  const parts = {
    patches: gpu.upload([crops * PATCHES, dim], values.patches, "patches"),
    clsToken: gpu.upload([1, 1, dim], values.clsToken, "cls_token"),
    registers: gpu.upload([1, REGISTERS, dim], values.registers, "register_tokens"),
    maskToken: gpu.upload([1, dim], values.maskToken, "mask_token"),
    pos: gpu.upload([1 + PATCHES, dim], values.pos, "pos"),
    masks: gpu.upload([crops * PATCHES], values.masks, "masks"),
    into: gpu.empty([tokens, dim], "tokens"),
    crops,
    firstToken: 0,
  };
  assembleTokens(gpu, parts);
  const sizes = { crops, patches: PATCHES, registers: REGISTERS, dim };
  assertAllClose(await gpu.download(parts.into), assembleTokensReference(values, sizes));
  return { parts, sizes };
}

function benchesOf(model: string, dim: number): OpBench[] {
  return [
    {
      name: `tokens forward, ${model}`,
      async setup(gpu) {
        const { parts } = await setup(gpu, dim);
        return (recorder) => assembleTokens(recorder, parts);
      },
    },
    {
      name: `tokens backward, ${model}`,
      async setup(gpu) {
        const { parts, sizes } = await setup(gpu, dim);
        const group = { ...sizes, dx: parts.into, masks: parts.masks, firstToken: 0 };
        return (recorder) => assembleTokensBackward(recorder, group, parts);
      },
    },
  ];
}

registerBenches([...benchesOf("ViT-S/14", 384), ...benchesOf("ViT-B/14", 768)]);
