import { stat } from "node:fs/promises";
import { join } from "node:path";
import { publishedName } from "../config/model_presets.ts";
import { channelStatistics } from "../config/view_channels.ts";
import type { Accelerator } from "../gpu/device.ts";
import { loadModel } from "../inference/load_model.ts";
import { createModel, type Model } from "../inference/model.ts";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import type { PlainArgs } from "../views/plain_view.ts";
import { plainArgs } from "../views/plain_view.ts";
import { formatOf } from "../weights/open_weights.ts";
import type { FindOptions } from "../weights/pretrained.ts";

/** Files of a run's folder that hold a backbone, the better one first. */
const RUN_FILES = ["checkpoints/last.safetensors", "exported_models/exported_last.safetensors"];

/** Views of models that nobody knows the views of have at most this side, in pixels. */
const DEFAULT_SIDE = 224;

/** A backbone, and the views that it was made for. */
export interface OpenBackbone extends Disposable {
  model: Model;
  views: PlainArgs;
  /** The file that the weights are of; undefined for random ones. */
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
  const path = await fileOf(checkpoint);
  const isRandom = path === undefined && publishedName(checkpoint) === undefined;
  const model = isRandom
    ? await createModel(checkpoint, { accelerator, seed })
    : await loadModel(path ?? checkpoint, { which, accelerator, find });
  const views = path === undefined ? undefined : await viewsIn(path);
  return {
    model,
    views: views ?? defaultViews(model),
    path,
    [Symbol.dispose]: () => model[Symbol.dispose](),
  };
}

/** The file to read; undefined if a model's name is meant. */
async function fileOf(checkpoint: string): Promise<string | undefined> {
  const found = await stat(checkpoint).catch(() => undefined);
  if (found?.isFile()) return checkpoint;
  if (found === undefined && checkpoint.startsWith("dinov2/")) return undefined;
  for (const file of found === undefined ? [] : RUN_FILES) {
    const path = join(checkpoint, file);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new CheckpointError(
    `Cannot open "${checkpoint}": it must be a file of weights, the folder of a run, or a model ` +
      `such as dinov2/vittest, got ${found === undefined ? "nothing there" : "another folder"}`,
  );
}

/** The views that a file of ours was trained with. */
async function viewsIn(path: string): Promise<PlainArgs | undefined> {
  if (await formatOf(path) !== "safetensors") return undefined;
  await using file = await SafetensorsFile.open(path);
  const { config, views } = file.metadata;
  if (views !== undefined) return JSON.parse(views);
  return config === undefined ? undefined : plainArgs(JSON.parse(config).transform_args);
}

function defaultViews({ config: { imgSize, patchSize, inChans } }: Model): PlainArgs {
  const side = Math.min(imgSize, Math.floor(DEFAULT_SIDE / patchSize) * patchSize);
  return {
    image_size: [side, side],
    num_channels: inChans,
    normalize: channelStatistics(inChans),
  };
}
