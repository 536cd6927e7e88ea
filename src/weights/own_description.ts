import type { ModelConfig } from "../config/model_config.ts";
import { resolveModel } from "../config/model_presets.ts";
import type { TransformArgs } from "../config/transform_args.ts";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import { formatOf } from "./open_weights.ts";

/** The views that a model was trained with, apart from chance. */
export type TrainedViews = Pick<TransformArgs, "image_size" | "num_channels" | "normalize">;

/** What a file of ours says of itself; a file of others says nothing. */
export interface OwnDescription {
  model?: ModelConfig;
  views?: TrainedViews;
}

/** Reads what a checkpoint or an export says of its model and views. */
export async function ownDescription(path: string): Promise<OwnDescription> {
  if (await formatOf(path) !== "safetensors") return {};
  await using file = await SafetensorsFile.open(path);
  const { format, model, views, config } = file.metadata;
  const parse = (text: string) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new CheckpointError(
        `Cannot read "${path}": its metadata must be JSON, got ${(error as Error).message}; copy ` +
          "the file again",
      );
    }
  };
  if (format === "denodino-backbone/1") {
    return { model: parse(model), views: views === undefined ? undefined : parse(views) };
  }
  if (format !== "denodino-checkpoint/1") return {};
  const { model: name, model_args, transform_args } = parse(config);
  const { image_size, num_channels, normalize } = transform_args;
  return {
    model: resolveModel(name, model_args),
    views: { image_size, num_channels, normalize },
  };
}
