import type { ModelConfig } from "../config/model_config.ts";
import { posInterpolation } from "../layers/pos_interpolation.ts";
import type { WeightSource } from "../weights/weight_source.ts";

/** Weights whose positions may be of another grid than the file's. */
export interface ResizedPositions<Source> {
  weights: Source;
  /** Patches along a side in the file and in the model; null where nothing was resized. */
  sides: [from: number, to: number] | null;
}

/**
 * The same weights with the position embedding of the model's grid, by the interpolation that the
 * model itself has for views of other sizes: a view of `img_size` gets the positions that it would
 * get of the file's grid.
 *
 * @param name What the weights call the position embedding.
 * @returns As it is what is of the same grid, or fits the model in no other way either.
 */
export function resizedPositions<Source extends WeightSource>(
  weights: Source,
  model: ModelConfig,
  name: string,
): ResizedPositions<Source> {
  const [, positions, dim] = weights.shapes.get(name) ?? [];
  const from = Math.sqrt(positions - 1);
  const to = model.imgSize / model.patchSize;
  const isOther = Number.isInteger(from) && from !== to && dim === model.embedDim;
  if (!isOther) return { weights, sides: null };
  const shape = [1, 1 + to * to, dim];
  const resized = {
    ...weights,
    shapes: new Map([...weights.shapes, [name, shape]]),
    f32: async (asked: string) => {
      const values = await weights.f32(asked);
      return asked === name ? resample(values, [from, to], model) : values;
    },
  };
  return { weights: resized, sides: [from, to] };
}

/** `[1 + from², D]` → `[1 + to², D]`. */
function resample(stored: Float32Array, [from, to]: [number, number], model: ModelConfig) {
  const { embedDim: dim, interpolateOffset: offset, interpolateAntialias: antialias } = model;
  const map = posInterpolation({ from: [from, from], to: [to, to], offset, antialias })!;
  const columns = 1 + from * from;
  const resized = new Float32Array((1 + to * to) * dim);
  const sums = new Float64Array(dim);
  for (let row = 0; row <= to * to; row++) {
    sums.fill(0);
    for (let column = 0; column < columns; column++) {
      const weight = map[row * columns + column];
      if (weight === 0) continue; // of all but a few
      for (let d = 0; d < dim; d++) sums[d] += weight * stored[column * dim + d];
    }
    resized.set(sums, row * dim);
  }
  return resized;
}
