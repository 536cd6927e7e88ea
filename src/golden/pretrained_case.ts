import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Gpu } from "../gpu/gpu.ts";
import { loadModel } from "../inference/load_model.ts";
import type { Model } from "../inference/model.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison, Tolerance } from "./comparison.ts";

/** Weights of 11 significant bits: each is off by up to 2⁻¹², tokens by a few times that. */
const HALF: Tolerance = { relative: 2e-3 };

/** Loads the same backbone from each of its files, and compares the tokens of every image. */
export async function replayPretrained(
  _: Gpu,
  golden: GoldenCase,
  comparison: Comparison,
): Promise<void> {
  const files = (await readdir(golden.folder!)).filter((name) =>
    /\.(pth|safetensors)$/.test(name) && name !== "tensors.safetensors"
  );
  for (const file of files.sort()) {
    const { num_heads: numHeads } = golden.json.model;
    using model = await loadModel(join(golden.folder!, file), { numHeads });
    const allowed = file.includes("half") ? HALF : "activation";
    for (const image of golden.json.images) {
      await compareImage(model, golden, image, comparison, { file, allowed });
    }
  }
}

async function compareImage(
  model: Model,
  golden: GoldenCase,
  { tensor, height, width }: { tensor: string; height: number; width: number },
  comparison: Comparison,
  { file, allowed }: { file: string; allowed: Tolerance },
): Promise<void> {
  const [images] = golden.shape(tensor);
  const features = await model.forwardFeatures(golden.f32(tensor), {
    images,
    size: [height, width],
  });
  const parts = {
    cls: features.clsToken,
    registers: features.regTokens,
    patches: features.patchTokens,
  };
  for (const [part, actual] of Object.entries(parts)) {
    const name = `${tensor}.${part}`;
    if (!golden.has(name)) continue;
    comparison.check(`${golden.name}.${file}.${name}`, actual, golden.f32(name), allowed);
  }
}
