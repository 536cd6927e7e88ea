import { matmul } from "../ops/matmul.ts";
import { patchEmbed, patchEmbedBackward } from "../ops/patch_embed.ts";
import type { UnitCase } from "./unit_case.ts";

/** Replays a `patch_embed_*` case. */
export async function replayPatchEmbed(unit: UnitCase): Promise<void> {
  const { gpu } = unit;
  const images = unit.upload("x", unit.shape("x"), "f32");
  const weight = unit.upload("param.proj.weight");
  const bias = unit.upload("param.proj.bias", unit.shape("param.proj.bias"), "f32");
  const [dim, channels, patchSize] = weight.shape;
  const y = patchEmbed(gpu, images, weight, bias, { patchSize });
  await unit.check("y", y, "activation");

  const dy = unit.uploadRows("grad_y");
  const grads = {
    weight: unit.zeros(weight.shape, "weight.grad"),
    bias: unit.zeros(bias.shape, "bias.grad"),
  };
  patchEmbedBackward(gpu, dy, images, grads, { patchSize });
  await unit.check("grad.proj.weight", grads.weight, "gradient");
  await unit.check("grad.proj.bias", grads.bias, "gradient");

  // Training needs no gradient of pixels, so no kernel makes it: patches dy·W, put in their places.
  const taps = channels * patchSize ** 2;
  const matrix = unit.upload("param.proj.weight", [dim, taps]);
  const dPatches = await gpu.download(matmul(gpu, dy, matrix)); // [crops·patches, taps]
  await unit.check("grad_x", toPixels(dPatches, images.shape, patchSize), "gradient");
}

/** Patches `[crops·patches, channels·p·p]`, which do not overlap, as images. */
function toPixels(
  patches: Float32Array,
  [crops, channels, height, width]: readonly number[],
  patchSize: number,
): Float32Array {
  const pixels = new Float32Array(crops * channels * height * width);
  const columns = width / patchSize;
  let tap = 0;
  for (let patch = 0; patch < crops * (height / patchSize) * columns; patch++) {
    const gridRow = Math.floor(patch / columns); // over all crops
    const crop = Math.floor(gridRow * patchSize / height);
    const top = gridRow * patchSize % height;
    const left = (patch % columns) * patchSize;
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < patchSize; y++) {
        const row = (crop * channels + channel) * height + top + y;
        for (let x = 0; x < patchSize; x++) pixels[row * width + left + x] = patches[tap++];
      }
    }
  }
  return pixels;
}
