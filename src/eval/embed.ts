import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import { checkOptions } from "../config/check_options.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageProblem, ImageSet } from "../images/image_set.ts";
import type { Model } from "../inference/model.ts";
import type { StopSignal } from "../stop_signal.ts";
import { type EmbedInput, EmbedOptions, featureFormat, featureSettings } from "./eval_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import { FeatureFile, namesFile } from "./feature_file.ts";
import { type FeatureFacts, featureLayout } from "./feature_layout.ts";
import { lockFeatures } from "./feature_lock.ts";
import { imageFeatures } from "./image_features.ts";
import { layerVectors, vectorWidth } from "./image_vectors.ts";
import { noneReadable } from "./none_readable.ts";
import { type OpenBackbone, openBackbone } from "./open_backbone.ts";
import { refuseToReplace } from "./refuse_to_replace.ts";

const NONE = new Float32Array();

/** What {@linkcode embed} did. */
export interface EmbedReport {
  out: string;
  /** Whether the file is whole; if not, the same options go on where it stopped. */
  finished: boolean;
  /** Images whose features are in the file. */
  images: number;
  /** Images, shards and folders that cannot be read. */
  skipped: ImageProblem[];
  /** Values of a vector. */
  width: number;
  /** Of this call, whatever an earlier one did. */
  images_per_second: number;
}

/** What is told while features are written, and what ends that early. */
export interface EmbedHooks extends EvalHooks {
  /** Aborted, it ends the work after the current batch, to be gone on with later. */
  signal?: StopSignal;
  /** What cannot be read, once each. */
  onSkipped?(problem: ImageProblem): void;
}

/**
 * Writes the features of images into a file, batch after batch, in the order of their names. What
 * was interrupted goes on where it stopped when it is called with the same options.
 *
 * @example
 * ```ts
 * import { embed } from "./embed.ts";
 *
 * async function features(run: string) {
 *   const { images, width } = await embed({
 *     out: "features.npy",
 *     data: "photos",
 *     checkpoint: run,
 *   });
 *   console.log(images, width); // and the names are in features.names.json
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options; or `out` is there already, or somebody
 * else writes it.
 * @throws {DataError} If there are no images, or none can be read.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or a batch does not fit it.
 */
export async function embed(
  options: EmbedInput,
  hooks: EmbedHooks = {},
): Promise<EmbedReport> {
  const checked = checkOptions(EmbedOptions, options);
  const { out } = checked;
  await refuseToReplaceAny(checked);
  const images = await findImages(checked.data);
  using backbone = await openBackbone(checked.checkpoint, {
    ...checked,
    find: { onProgress: hooks.onDownload, onMessage: hooks.onMessage, signal: hooks.signal },
  });
  const settings = embedSettings(checked, backbone);
  using _lock = await lockFeatures(out);
  await refuseToReplaceAny(checked); // who held the lock before may have written it
  await using file = await openFile(checked, images, backbone, settings);
  if (file.replaced) {
    hooks.onMessage?.(
      `what is left of an interrupted ${out} has other options, images or weights: ` +
        "starting anew",
    );
  }
  const { done: start } = file.state;
  if (start > 0) hooks.onMessage?.(`going on at image ${start} of ${images.names.length}`);
  images.problems.forEach((problem) => hooks.onSkipped?.(problem));
  const startMs = performance.now();
  await addImages(file, images, backbone, settings, hooks);
  const { done, skipped } = file.state;
  const finished = done === images.names.length;
  if (finished && file.images === 0) {
    await file.remove();
    throw noneReadable(`embed ${JSON.stringify(checked.data)}`, skipped);
  }
  if (finished && file.isAssembled) hooks.onMessage?.(`putting ${out} together`);
  await (finished ? file.finish() : file.keep());
  return {
    out,
    finished,
    images: file.images,
    skipped: [...images.problems, ...skipped.map(({ name, message }) => ({ name, message }))],
    width: widthOf(backbone, settings),
    images_per_second: (done - start) / (performance.now() - startMs) * 1000,
  };
}

async function refuseToReplaceAny(options: EmbedOptions): Promise<void> {
  const { out, overwrite } = options;
  await refuseToReplace({ out, overwrite });
  if (featureFormat(options) === "npy") await refuseToReplace({ out: namesFile(out), overwrite });
}

type EmbedSettings = ReturnType<typeof embedSettings>;

/** How images are looked at. @throws {ConfigError} If the model cannot do so. */
function embedSettings(options: EmbedOptions, backbone: OpenBackbone) {
  const { layers } = options;
  const settings = featureSettings(options, backbone);
  const { depth } = backbone.model.config;
  const refuse = (must: string) =>
    new ConfigError([{ key: "layers", message: `must be ${must}, got ${layers}` }]);
  if (layers > depth) throw refuse(`at most the ${depth} blocks of the model`);
  if (layers > 1 && settings.tokens === "embedding") {
    throw refuse("1 for tokens=embedding, which is of the last block (or choose tokens=cls)");
  }
  return { ...settings, layers };
}

function widthOf({ model }: OpenBackbone, { tokens, embedding, layers }: EmbedSettings): number {
  return vectorWidth(tokens, { embedDim: model.config.embedDim, embedding }, layers);
}

async function addImages(
  file: FeatureFile,
  images: ImageSet,
  { model }: OpenBackbone,
  settings: EmbedSettings,
  { signal, onImages, onSkipped }: EmbedHooks,
): Promise<void> {
  const { tokens, embedding } = settings;
  const means = { embedDim: model.config.embedDim, embedding };
  const left = { ...settings, start: file.state.done };
  try {
    for await (const { indices, layers, errors } of imageFeatures(model, images, left)) {
      const skipped = errors.map(({ index, path, message }) => ({ index, name: path, message }));
      const none = indices.length === 0;
      await file.add(indices, none ? NONE : layerVectors(layers, tokens, means), skipped);
      for (const { name, message } of skipped) onSkipped?.({ name, message });
      onImages?.(file.state.done, images.names.length);
      if (signal?.aborted) return;
    }
  } catch (error) {
    if (file.state.done === 0) await file.remove();
    else await file.keep().catch(() => {}); // an earlier state will do
    throw error;
  }
}

async function openFile(
  options: EmbedOptions,
  images: ImageSet,
  backbone: OpenBackbone,
  settings: EmbedSettings,
): Promise<FeatureFile> {
  const { model, path } = backbone;
  const { tokens, views: { image_size, normalize } } = settings;
  const format = featureFormat(options)!; // the options are checked
  const { patchSize } = model.config;
  const width = widthOf(backbone, settings);
  const patches = Math.floor(image_size[0] / patchSize) * Math.floor(image_size[1] / patchSize);
  const facts: FeatureFacts = {
    format: "denodino-features/1",
    checkpoint: options.checkpoint,
    model: JSON.stringify(model.config),
    tokens,
    layers: String(options.layers),
    image_size: JSON.stringify(image_size),
    framing: options.framing,
    normalization: JSON.stringify(normalize),
  };
  return await FeatureFile.open(options.out, {
    key: await keyOf(options, images, model, { ...facts, layout: format, path: path ?? "" }),
    names: images.names,
    layout: featureLayout(format, tokens === "patch" ? [patches, width] : [width], facts),
  });
}

/** A hash of all that the bytes of the file follow from; the images' pixels are taken on trust. */
async function keyOf(
  { data, which, num_heads, batch_size, seed }: EmbedOptions,
  { names }: ImageSet,
  { adapter }: Model,
  facts: FeatureFacts,
): Promise<string> {
  // A run that trains on writes other weights under the same name.
  const weights = facts.path === "" ? undefined : await stat(facts.path);
  const { name, driver } = adapter; // another one rounds otherwise
  const file = [weights?.size, weights?.mtimeMs];
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify({ data, which, num_heads, batch_size, seed, name, driver, file, facts }),
  );
  for (const each of names) hash.update(`\0${each}`);
  return hash.digest("hex");
}
