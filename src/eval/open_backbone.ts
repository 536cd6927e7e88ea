import { publishedName } from "../config/model_presets.ts";
import { channelStatistics } from "../config/view_channels.ts";
import type { Accelerator } from "../gpu/device.ts";
import { loadModel } from "../inference/load_model.ts";
import { createModel, type Model } from "../inference/model.ts";
import type { PlainArgs } from "../views/plain_view.ts";
import { type OwnDescription, ownDescription } from "../weights/own_description.ts";
import type { FindOptions } from "../weights/pretrained.ts";
import { weightsFile } from "../weights/weights_file.ts";

/** Views of models that nobody knows the views of have at most this side, in pixels. */
const DEFAULT_SIDE = 224;

/** A backbone, and the views that it was made for. */
export interface OpenBackbone extends Disposable {
  model: Model;
  views: PlainArgs;
  /** The file that the weights are of; undefined for published and random ones. */
  path: string | undefined;
}

/**
 * Opens the backbone of a run's folder, of a checkpoint, of an export or of a file of others; or
 * makes one of a model's name.
 *
 * @param checkpoint A path, or a name such as `dinov2/vits14` for published weights, or
 * `dinov2/vits14-notpretrained` for random ones.
 * @param options `which` network of a checkpoint; `seed` of random weights; where to `find`
 * published ones.
 * @throws {CheckpointError} If there is no such file, or it holds no backbone.
 * @throws {ConfigError} If there is no model of the name.
 */
export async function openBackbone(
  checkpoint: string,
  { which, accelerator, seed, find }: {
    which?: "teacher" | "student";
    accelerator?: Accelerator;
    seed?: number;
    find?: FindOptions;
  } = {},
): Promise<OpenBackbone> {
  const path = await weightsFile(checkpoint);
  const isRandom = path === undefined && publishedName(checkpoint) === undefined;
  const model = isRandom
    ? await createModel(checkpoint, { accelerator, seed })
    : await loadModel(path ?? checkpoint, { which, accelerator, find });
  const { views }: OwnDescription = path === undefined ? {} : await ownDescription(path);
  return {
    model,
    views: views ?? defaultViews(model),
    path,
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

function defaultViews({ config: { imgSize, patchSize, inChans } }: Model): PlainArgs {
  const side = Math.min(imgSize, Math.floor(DEFAULT_SIDE / patchSize) * patchSize);
  return {
    image_size: [side, side],
    num_channels: inChans,
    normalize: channelStatistics(inChans),
  };
}
