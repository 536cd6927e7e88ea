import type { ModelConfig } from "../config/model_config.ts";
import { withChanged } from "./changed_tensor.ts";
import type { WeightSource } from "./weight_source.ts";

/** Weights whose patch embedding may take another number of channels than the file's. */
export interface AdaptedChannels<Source> {
  weights: Source;
  /** Channels in the file and of the model; null where nothing was adapted. */
  channels: [from: number, to: number] | null;
}

/**
 * The same weights with a patch embedding for as many channels as the model takes, by
 * {@linkcode adaptChannels}.
 *
 * @param name What the weights call the weight of the patch embedding.
 * @returns As it is what is of as many channels, or fits the model in no other way either.
 */
export function adaptedChannels<Source extends WeightSource>(
  weights: Source,
  { embedDim, patchSize, inChans: to }: ModelConfig,
  name: string,
): AdaptedChannels<Source> {
  const [dim, from, ...sides] = weights.shapes.get(name) ?? [];
  const fits = dim === embedDim && sides.length === 2 && sides.every((side) => side === patchSize);
  if (!fits || from === to) return { weights, channels: null };
  const adapted = withChanged(
    weights,
    name,
    [dim, to, ...sides],
    (values) => adaptChannels(values, [from, to], patchSize ** 2),
  );
  return { weights: adapted, channels: [from, to] };
}

/**
 * Convolution weights for another number of channels, `[dim, from, area]` to `[dim, to, area]`, by
 * the rule that timm has: for one channel their sum, so that a grey image gives what it gave with
 * its grey in every channel; for others they are repeated in turn and scaled by `from / to`, so that
 * sums over channels keep their size.
 */
export function adaptChannels(
  values: Float32Array,
  [from, to]: readonly [from: number, to: number],
  area: number,
): Float32Array<ArrayBuffer> {
  const rows = values.length / (from * area);
  const adapted = new Float32Array(rows * to * area);
  for (let i = 0; i < adapted.length; i++) {
    const [row, channel, pixel] = [
      Math.floor(i / (to * area)),
      Math.floor(i / area) % to,
      i % area,
    ];
    const at = (source: number) => values[(row * from + source) * area + pixel];
    if (to > 1) adapted[i] = at(channel % from) * (from / to);
    else for (let source = 0; source < from; source++) adapted[i] += at(source);
  }
  return adapted;
}
