import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { posInterpolation } from "../pos_interpolation.ts";
import { makeSequences, type Sequences } from "../ops/sequences.ts";

/** Crops of one size: all global views of a step, or all its local views. */
export interface CropGroup {
  readonly name: "global" | "local";
  /** Number of crops: 2·B or L·B. */
  readonly crops: number;
  /** [height, width] in pixels. */
  readonly size: readonly [number, number];
  /** Pixels, `[crops, C, height, width]`. */
  readonly images: Tensor;
  /** Patch rows and columns. */
  readonly grid: readonly [number, number];
  /** N, the patches of one crop. */
  readonly patches: number;
  /** Tokens of one crop: class token, registers, patches. */
  readonly tokens: number;
  /** Where the group's tokens begin in the packed token tensor. */
  readonly firstToken: number;
  /** `[1 + N, 1 + stored]`: from the stored position grid to this one; null where they agree. */
  readonly interpolation: Tensor | null;
}

/** Groups lying one after another in a packed token tensor, each crop one sequence. */
export interface Packing {
  readonly groups: readonly CropGroup[];
  readonly sequences: Sequences;
}

/** Sizes and pixels of one group, before it has a place. */
export interface CropInput {
  name: CropGroup["name"];
  crops: number;
  size: readonly [number, number];
  images: Tensor;
}

/**
 * Lays out crop groups in one packed token tensor (packing, varlen attention: DINOv2's nested
 * tensors). Groups without crops are left out.
 */
export function packCrops(gpu: Recorder, model: ModelConfig, inputs: CropInput[]): Packing {
  const groups: CropGroup[] = [];
  const stored = model.imgSize / model.patchSize;
  let firstToken = 0;
  for (const { name, crops, size, images } of inputs) {
    if (crops === 0) continue;
    const grid = [size[0] / model.patchSize, size[1] / model.patchSize] as const;
    const patches = grid[0] * grid[1];
    const tokens = 1 + model.numRegisterTokens + patches;
    const matrix = posInterpolation({
      from: [stored, stored],
      to: [...grid],
      offset: model.interpolateOffset,
      antialias: model.interpolateAntialias,
    });
    const interpolation = matrix &&
      gpu.constant(matrix, [1 + patches, 1 + stored * stored], `interpolation.${name}`);
    groups.push({
      name,
      crops,
      size,
      images,
      grid,
      patches,
      tokens,
      firstToken,
      interpolation,
    });
    firstToken += crops * tokens;
  }
  const lengths = groups.flatMap(({ crops, tokens }) => new Array<number>(crops).fill(tokens));
  const name = groups.map((group) => group.name).join("+");
  return { groups, sequences: makeSequences(gpu, lengths, `sequences.${name}`) };
}
