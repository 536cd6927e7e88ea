import { publishedName } from "../config/model_presets.ts";
import type { DeviceOptions } from "../gpu/device.ts";
import { loadModel } from "../inference/load_model.ts";
import { createModel, type Model } from "../inference/model.ts";
import type { PlainArgs } from "../views/plain_view.ts";
import { BackboneWeights } from "../weights/backbone_weights.ts";
import { viewsFor } from "../weights/describe_weights.ts";
import { type EmbeddingLayer, readEmbeddingLayer } from "../weights/embedding_layer.ts";
import { type OwnDescription, ownDescription } from "../weights/own_description.ts";
import type { FindOptions } from "../weights/pretrained.ts";
import { weightsFile } from "../weights/weights_file.ts";

/** A backbone, and the views that it was made for. */
export interface OpenBackbone extends Disposable {
  model: Model;
  views: PlainArgs;
  /** The file that the weights are of; undefined for published and random ones. */
  path: string | undefined;
  /** The layer of `embed_dim` on top of it; undefined if there is none. */
  embedding: EmbeddingLayer | undefined;
}

/**
 * Opens the backbone of a run's folder, of a checkpoint, of an export or of a file of others; or
 * makes one of a model's name.
 *
 * @param checkpoint A path, or a name such as `dinov2/vits14` for published weights, or
 * `dinov2/vits14-notpretrained` for random ones.
 * @param options `which` network of a checkpoint; `num_heads` where a file does not say;
 * `num_channels` of images, if not those of the weights; `seed` of random weights; where to `find`
 * published ones.
 * @throws {CheckpointError} If there is no such file, or it holds no backbone.
 * @throws {ConfigError} If there is no model of the name.
 */
export async function openBackbone(
  checkpoint: string,
  { which, num_heads, num_channels, accelerator, kernels, seed, find }: DeviceOptions & {
    which?: "teacher" | "student";
    num_heads?: number | null;
    num_channels?: number | null;
    seed?: number;
    find?: FindOptions;
  } = {},
): Promise<OpenBackbone> {
  const path = await weightsFile(checkpoint);
  const isRandom = path === undefined && publishedName(checkpoint, "checkpoint") === undefined;
  const model = isRandom
    ? await createModel(checkpoint, {
      model_args: num_channels ? { in_chans: num_channels } : {},
      accelerator,
      kernels,
      seed,
    })
    : await loadModel(path ?? checkpoint, {
      which,
      numHeads: num_heads,
      numChannels: num_channels,
      accelerator,
      kernels,
      find,
    });
  try {
    const { views }: OwnDescription = path === undefined ? {} : await ownDescription(path);
    return {
      model,
      views: viewsFor(model.config, views),
      path,
      embedding: path === undefined ? undefined : await embeddingIn(path, which, model),
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

async function embeddingIn(path: string, which: "teacher" | "student" | undefined, model: Model) {
  await using weights = await BackboneWeights.open(path, which);
  return await readEmbeddingLayer(weights, model.config);
}
