import { randomArray } from "../../tests/support/arrays.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { blockParameters, blockSettings } from "./block_work.ts";
import { stepWork, TINY_STEP, VITS14_STEP } from "./step_work.ts";
import type { Values, Work } from "./work.ts";

/** What everybody does: on a software adapter seconds of it, on hardware sizes that fill a GPU. */
export function worksFor({ software }: { software: boolean }): Work[] {
  return [
    matmulWork(1024, 1024, 1024),
    matmulWork(4096, 384, 1536),
    ...(software ? [] : [matmulWork(4096, 4096, 4096)]),
    attentionWork({ sequences: software ? 4 : 64, tokens: 257, numHeads: 6, headDim: 64 }),
    layerNormWork(software ? 4096 : 65_536, 384),
    blockWork(8, 65),
    stepWork(TINY_STEP),
    ...(software ? [] : [stepWork(VITS14_STEP)]),
  ];
}

function matmulWork(rows: number, cols: number, depth: number): Work {
  return {
    name: `matmul ${rows} x ${cols} x ${depth}`,
    kind: "matmul",
    settings: { rows, cols, depth },
    flops: 2 * rows * cols * depth,
    images: null,
    inputs: () => ({ a: random([rows, depth], 1), b: random([depth, cols], 2) }),
  };
}

function attentionWork(
  sizes: { sequences: number; tokens: number; numHeads: number; headDim: number },
): Work {
  const { sequences, tokens, numHeads, headDim } = sizes;
  const shape = [sequences, tokens, numHeads, headDim];
  return {
    name: `attention, ${tokens} tokens, ${numHeads} heads of ${headDim}, both ways`,
    kind: "attention",
    settings: sizes,
    // Two products forward and four backward; scores that are computed again do not count.
    flops: 12 * sequences * tokens ** 2 * numHeads * headDim,
    images: null,
    inputs: () => ({
      q: random(shape, 1),
      k: random(shape, 2),
      v: random(shape, 3),
      dOut: random(shape, 4),
    }),
  };
}

function layerNormWork(rows: number, dim: number): Work {
  return {
    name: `layer norm, ${rows} x ${dim}, both ways`,
    kind: "layer_norm",
    settings: { rows, dim, eps: 1e-6 },
    flops: null,
    images: null,
    inputs: () => ({
      x: random([rows, dim], 1),
      gamma: random([dim], 2),
      beta: random([dim], 3),
      dy: random([rows, dim], 4),
    }),
  };
}

function blockWork(batch: number, tokens: number): Work {
  const settings = blockSettings(batch, tokens);
  const { embedDim: dim, ffnHidden } = settings;
  const perToken = 2 * (4 * dim ** 2 + 2 * dim * ffnHidden) + 4 * tokens * dim;
  return {
    name: `ViT block, ${dim} wide, ${tokens} tokens, batch ${batch}, both ways`,
    kind: "block",
    settings,
    flops: 3 * batch * tokens * perToken, // the way back is twice the way there
    images: null,
    inputs: () => ({
      x: random([batch * tokens, dim], 1),
      dy: random([batch * tokens, dim], 2),
      ...blockParameters(settings),
    }),
  };
}

function random(shape: readonly number[], seed: number): Values {
  return { shape, data: randomArray(elementCount(shape), { seed }) };
}
