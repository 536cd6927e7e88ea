import type { ModelConfig } from "../config/model_config.ts";
import { adaptedChannels } from "./adapted_channels.ts";
import { resizedPositions } from "./resized_positions.ts";
import type { WeightSource } from "./weight_source.ts";

/**
 * Weights as a model wants them: with its grid of positions and its channels, whichever of the two
 * are others in the file.
 *
 * @param options `prefix` of the backbone's names, and who is told what was changed, a line each.
 */
export function fittedWeights<Source extends WeightSource>(
  weights: Source,
  model: ModelConfig,
  { prefix = "", onMessage }: { prefix?: string; onMessage?: (message: string) => void } = {},
): Source {
  const resized = resizedPositions(weights, model, `${prefix}pos_embed`);
  if (resized.sides !== null) {
    const [from, to] = resized.sides.map((side) => `${side} x ${side}`);
    onMessage?.(`positions of ${from} patches resized to ${to}`);
  }
  const adapted = adaptedChannels(resized.weights, model, `${prefix}patch_embed.proj.weight`);
  if (adapted.channels !== null) {
    const [from, to] = adapted.channels;
    const how = to === 1 ? "summed" : `repeated in turn, scaled by ${from}/${to}`;
    onMessage?.(`patch embedding of ${count(from)} adapted to ${count(to)}: ${how}`);
  }
  return adapted.weights;
}

function count(channels: number): string {
  return `${channels} ${channels === 1 ? "channel" : "channels"}`;
}
