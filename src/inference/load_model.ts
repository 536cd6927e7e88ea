import { stat } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import type { DeviceOptions } from "../gpu/device.ts";
import { CheckpointError } from "../safetensors.ts";
import { BackboneWeights } from "../weights/backbone_weights.ts";
import { describeWeights, MOST_CHANNELS } from "../weights/describe_weights.ts";
import { fittedWeights } from "../weights/fitted_weights.ts";
import { type FindOptions, findPretrained } from "../weights/pretrained.ts";
import { publishedWeights } from "../weights/published.ts";
import type { WeightSource } from "../weights/weight_source.ts";
import { Model } from "./model.ts";

/** What `loadModel` may be told. */
export interface LoadOptions extends DeviceOptions {
  /** Network of a checkpoint: the teacher, unless told otherwise. */
  which?: "teacher" | "student";
  /** Of a foreign file whose attention heads are not 64 wide, which its weights do not say. */
  numHeads?: number | null;
  /** Channels of images, 1 to 4; the patch embedding is adapted to them. Null for the file's. */
  numChannels?: number | null;
  /** Where published weights are looked for, who follows their download, and what ends it. */
  find?: FindOptions;
}

/**
 * Loads a model: a file that training wrote, be it an exported teacher or a checkpoint, or weights
 * of DINOv2 as others have them, in safetensors or a `.pth` of PyTorch, under official or Hugging
 * Face names. A name such as `dinov2/vits14` means its published weights, which are downloaded once.
 *
 * @example
 * ```ts
 * import { createModel } from "./model.ts";
 * import { loadModel } from "./load_model.ts";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * {
 *   using made = await createModel("dinov2/vittest", { seed: 7 });
 *   await made.save(path);
 * }
 * using model = await loadModel(path);
 * console.log(model.config.embedDim); // 64
 * ```
 *
 * @param path The file, or the name of a model with published weights.
 * @throws {CheckpointError} If the file is damaged, or does not hold all weights of a backbone;
 * lists those that are missing or of another shape. If published weights cannot be had.
 * @throws {ConfigError} If there are no published weights of that name, or no such channels.
 * @throws {GpuError} If there is no adapter of the kind asked for.
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  const isName = /^dinov2\/[\w-]+$/.test(path) && !await stat(path).then(() => true, () => false);
  if (!isName) return await loadFile(path, options);
  const file = await pretrainedFile(path, options.find);
  return await loadFile(file, options, path);
}

/** @param name What the model is called; what its file says, or the file, if left out. */
async function loadFile(
  path: string,
  { which, numHeads, numChannels, find, ...device }: LoadOptions,
  name?: string,
): Promise<Model> {
  await using file = await BackboneWeights.open(path, which);
  const { model: found } = await describeWeights(file, numHeads);
  const config = {
    ...found,
    name: name ?? found.name,
    inChans: channelsOf(numChannels) ?? found.inChans,
  };
  const weights = fittedWeights<WeightSource>(file, config, { onMessage: find?.onMessage });
  const model = await Model.allocate(config, device);
  try {
    checkShapes(path, weights.shapes, model.shapes);
    await model.setWeights((name) => weights.f32(name));
    return model;
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

function channelsOf(numChannels?: number | null): number | undefined {
  if (numChannels === undefined || numChannels === null) return undefined;
  if (Number.isInteger(numChannels) && numChannels >= 1 && numChannels <= MOST_CHANNELS) {
    return numChannels;
  }
  const message = `must be 1 to ${MOST_CHANNELS}, got ${numChannels}`;
  throw new ConfigError([{ key: "num_channels", message }]);
}

async function pretrainedFile(name: string, find?: FindOptions): Promise<string> {
  const published = publishedWeights(name);
  if (published === undefined) {
    const message = `must be a file, or a model with published weights, got "${name}"; call ` +
      "createModel() for random ones";
    throw new ConfigError([{ key: "model", message }]);
  }
  const path = await findPretrained(published, find);
  if (path !== undefined) return path;
  throw new CheckpointError(`Cannot load "${name}": its download was stopped; load it again`);
}

/** Tells of every weight that is missing, of another shape, or not of this model. */
function checkShapes(
  path: string,
  found: ReadonlyMap<string, readonly number[]>,
  wanted: ReadonlyMap<string, readonly number[]>,
): void {
  const text = (shape: readonly number[]) => `[${shape.join(", ")}]`;
  const problems = [...wanted].flatMap(([name, shape]) => {
    const got = found.get(name);
    // Hugging Face keeps the mask token without an axis of its own, and so on: sizes decide.
    const fits = got !== undefined && sizeOf(got) === sizeOf(shape);
    return fits ? [] : [`${name} ${text(shape)} ${got ? `is ${text(got)}` : "is missing"}`];
  });
  problems.push(
    ...[...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} is unexpected`),
  );
  if (problems.length === 0) return;
  throw new CheckpointError(
    `Cannot load "${path}": it must hold the weights of ${wanted.size} tensors, got ` +
      `${problems.length} ${problems.length === 1 ? "problem" : "problems"}\n  ` +
      problems.join("\n  "),
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
