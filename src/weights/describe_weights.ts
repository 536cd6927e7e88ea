import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { channelStatistics } from "../config/view_channels.ts";
import { CheckpointError } from "../safetensors.ts";
import type { BackboneWeights } from "./backbone_weights.ts";
import { inferModel } from "./infer_model.ts";
import { ownDescription, type TrainedViews } from "./own_description.ts";

/** Side of the views of models that nobody knows the views of, at most, in pixels. */
const DEFAULT_SIDE = 224;

/** Most channels that images are decoded to. */
export const MOST_CHANNELS = 4;

/**
 * The model that weights belong to, and the views it was trained with, by what the file says, by
 * `config.json` of transformers beside it, and by shapes.
 *
 * @param numHeads Attention heads, where nothing says how many and they are not 64 wide.
 * @throws {ConfigError} If `numHeads` is not what the file says, or cannot be.
 * @throws {CheckpointError} If there is no such model.
 */
export async function describeWeights(
  { path, shapes }: BackboneWeights,
  numHeads: number | null = null,
): Promise<{ model: ModelConfig; views: TrainedViews }> {
  const own = await ownDescription(path);
  const heads = numHeads ?? await headsBeside(path, shapes);
  const model = own.model ?? inferModel(shapes, path, { numHeads: heads });
  checkHeads(model, numHeads);
  if (model.inChans > MOST_CHANNELS) {
    throw new CheckpointError(
      `Cannot load "${path}": its images must have 1 to ${MOST_CHANNELS} channels, got ` +
        String(model.inChans),
    );
  }
  return { model, views: viewsFor(model, own.views) };
}

/**
 * The views that a model is given: those that it was trained with, where somebody knows them; of
 * another number of channels, as with `channel_drop`, normalized as images of so many are.
 */
export function viewsFor(model: ModelConfig, trained?: TrainedViews): TrainedViews {
  const { imgSize, patchSize, inChans } = model;
  if (trained?.num_channels === inChans) return trained;
  const side = Math.min(imgSize, Math.floor(DEFAULT_SIDE / patchSize) * patchSize);
  return {
    image_size: trained?.image_size ?? [side, side],
    num_channels: inChans,
    normalize: channelStatistics(inChans),
  };
}

/** What the `config.json` of transformers beside a file says, if it is of the same width. */
async function headsBeside(
  path: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<number | undefined> {
  try {
    const config = JSON.parse(await readFile(join(dirname(path), "config.json"), "utf8"));
    const isOf = config.hidden_size === shapes.get("patch_embed.proj.weight")?.[0];
    return isOf && Number.isInteger(config.num_attention_heads)
      ? config.num_attention_heads
      : undefined;
  } catch {
    return undefined; // there is none, or one of something else
  }
}

function checkHeads(model: ModelConfig, numHeads: number | null): void {
  const refuse = (message: string) => new ConfigError([{ key: "num_heads", message }]);
  if (model.embedDim % model.numHeads !== 0) {
    throw refuse(`must divide the width ${model.embedDim}, got ${model.numHeads}`);
  }
  if (numHeads === null || numHeads === model.numHeads) return;
  throw refuse(`must be ${model.numHeads}, as the file says, got ${numHeads}; leave it out`);
}
