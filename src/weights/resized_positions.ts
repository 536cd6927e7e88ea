import type { ModelConfig } from "../config/model_config.ts";
import { resamplePositions } from "../pos_interpolation.ts";
import { withChanged } from "./changed_tensor.ts";
import type { WeightSource } from "./weight_source.ts";

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
  const interpolation = {
    from: [from, from] as const,
    to: [to, to] as const,
    offset: model.interpolateOffset,
    antialias: model.interpolateAntialias,
  };
  const resized = withChanged(
    weights,
    name,
    [1, 1 + to * to, dim],
    (values) => resamplePositions(values, dim, interpolation),
  );
  return { weights: resized, sides: [from, to] };
}
