// deno bench -A bench/ops/patch_embed_bench.ts: images to patch rows, and their gradients.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { patchEmbed, patchEmbedBackward } from "../../src/ops/patch_embed.ts";
import {
  patchEmbedBackwardReference,
  patchEmbedReference,
} from "../../tests/reference/patch_embed.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

/** RGB images of 224 pixels and patches of 14, as ViT-S/14 and ViT-B/14 see them. */
const VIEW = { channels: 3, height: 224, width: 224, patchSize: 14 };
const PATCHES = 256;

/** Uploads everything for some crops, small enough that f32 sums over all rows stay exact. */
function upload(gpu: Gpu, crops: number, dim: number) {
  const { channels, height, width, patchSize } = VIEW;
  const random = (shape: number[], seed: number) => {
    const data = randomArray(shape.reduce((a, b) => a * b), { seed, scale: 0.1 });
    return { data, tensor: gpu.upload(shape, data, `random ${seed}`) };
  };
  return {
    images: random([crops, channels, height, width], 1),
    weight: random([dim, channels, patchSize, patchSize], 2),
    bias: random([dim], 3),
    dy: random([crops * PATCHES, dim], 4),
  };
}

/** One crop through both passes, against the float64 loops, at a few columns. */
async function check(gpu: Gpu): Promise<void> {
  const sizes = { ...VIEW, crops: 1, dim: 9 };
  const { images, weight, bias, dy } = upload(gpu, 1, sizes.dim);
  const y = patchEmbed(gpu, images.tensor, weight.tensor, bias.tensor, VIEW);
  const expected = patchEmbedReference(images.data, weight.data, bias.data, sizes);
  assertAllClose(await gpu.download(y), expected);
  const grad = gpu.upload(weight.tensor.shape, new Float32Array(weight.data.length), "grad");
  patchEmbedBackward(gpu, dy.tensor, images.tensor, { weight: grad, bias: bias.tensor }, VIEW);
  const grads = patchEmbedBackwardReference(dy.data, images.data, sizes);
  assertAllClose(await gpu.download(grad), grads.weight);
}

function benchesOf(model: string, dim: number): OpBench[] {
  return [
    {
      name: `patch_embed forward, ${model}`,
      async setup(gpu) {
        await check(gpu);
        const { images, weight, bias } = upload(gpu, tokensFor(gpu) / PATCHES, dim);
        return (recorder) => patchEmbed(recorder, images.tensor, weight.tensor, bias.tensor, VIEW);
      },
    },
    {
      name: `patch_embed backward, ${model}`,
      async setup(gpu) {
        await check(gpu);
        const { images, weight, bias, dy } = upload(gpu, tokensFor(gpu) / PATCHES, dim);
        const grads = { weight: weight.tensor, bias: bias.tensor };
        return (recorder) => patchEmbedBackward(recorder, dy.tensor, images.tensor, grads, VIEW);
      },
    },
  ];
}

registerBenches([...benchesOf("ViT-S/14", 384), ...benchesOf("ViT-B/14", 768)]);
