import { stat } from "node:fs/promises";
import { resolveModel } from "../config/model_presets.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { ParameterBuffers } from "../layers/parameter.ts";
import { initialBuffer } from "../model/initial_values.ts";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import { BackboneWeights } from "../weights/backbone_weights.ts";
import { fittedWeights } from "../weights/fitted_weights.ts";
import { formatOf } from "../weights/open_weights.ts";
import { type FindOptions, findPretrained } from "../weights/pretrained.ts";
import { type PublishedWeights, publishedWeights } from "../weights/published.ts";
import type { WeightSource } from "../weights/weight_source.ts";
import type { StepMemory } from "./checkpoint.ts";
import type { RunObserver } from "./observer.ts";
import type { TrainStep } from "./step.ts";

/** Names of an error's list that are shown. */
const SHOWN_NAMES = 20;

const BACKBONE = "backbone.";

/** Which network of a checkpoint the weights are taken from. */
type Network = "teacher" | "student";

/** Weights to start from, by the names of our parameters. */
interface Weights extends WeightSource {
  path: string;
  /** What a message calls them. */
  title: string;
  /** False if there is a backbone alone. */
  hasHeads: boolean;
}

/**
 * Writes start values into both networks: of the file that `checkpoint` names, of the published
 * weights that the model's name means, or random ones.
 *
 * Of a checkpoint, backbone and heads of the teacher are taken, or with `#student` after the path
 * the student's; an exported backbone, or one that others trained, leaves the heads as the seed has
 * them. Neither moments nor centres nor the step are taken: the run is a new one.
 *
 * @param find Where published weights are looked for, and the signal that ends their download.
 * @returns False if the signal ended it, and nothing was written.
 * @throws {CheckpointError} If the file is damaged, or other tensors are in it: lists them all. If
 * published weights can neither be found nor downloaded.
 */
export async function startValues(
  config: TrainConfig,
  step: TrainStep,
  memory: StepMemory,
  observer: RunObserver,
  find: FindOptions = {},
): Promise<boolean> {
  const { checkpoint, seed, model } = config;
  const published = publishedWeights(model);
  if (checkpoint !== null) {
    const { path, which } = await placeOf(checkpoint);
    await verify(path, observer);
    await using weights = await openWeights(path, which);
    await takeWeights(config, weights, step, memory, observer);
  } else if (published !== undefined) {
    const path = await pretrainedFile(config, published, observer, find);
    if (path === undefined) return false;
    await using weights = await openWeights(path, undefined);
    await takeWeights(config, weights, step, memory, observer);
  } else await writeValues(step, memory, seed);
  return true;
}

/** Writes weights into both networks, with the grid of positions and the channels of the model. */
async function takeWeights(
  { model, model_args, seed }: TrainConfig,
  found: Weights,
  step: TrainStep,
  memory: StepMemory,
  observer: RunObserver,
): Promise<void> {
  const weights = fittedWeights(found, resolveModel(model, model_args), {
    prefix: BACKBONE,
    onMessage: (message) => observer.onMessage?.(message),
  });
  checkNames(weights, step, model);
  await writeValues(step, memory, seed, weights);
  const heads = weights.hasHeads ? "" : "; the heads start at random: " +
    "method_args.student_freeze_backbone_steps=N trains them alone first";
  observer.onMessage?.(`starting from ${weights.title} in "${weights.path}"${heads}`);
}

async function pretrainedFile(
  config: TrainConfig,
  published: PublishedWeights,
  observer: RunObserver,
  find: FindOptions,
): Promise<string | undefined> {
  return await findPretrained(published, {
    ...find,
    file: config.weights,
    onMessage: (message) => observer.onMessage?.(message),
    onProgress: (done, total) => observer.onDownload?.(done, total),
  });
}

/** Splits off what follows the `#`; a file that is called so is taken as it is. */
async function placeOf(checkpoint: string): Promise<{ path: string; which?: Network }> {
  const [, path, which] = /^(.+)#(student|teacher)$/.exec(checkpoint) ?? [];
  const isFile = await stat(checkpoint).then(() => true, () => false);
  return path === undefined || isFile ? { path: checkpoint } : { path, which: which as Network };
}

/** Holds a file of ours against its hash. @throws {CheckpointError} If it is damaged. */
async function verify(path: string, observer: RunObserver): Promise<void> {
  if (await formatOf(path) !== "safetensors") return;
  await using file = await SafetensorsFile.open(path);
  if (await file.verify() || !file.metadata.format?.startsWith("denodino-")) return;
  observer.onMessage?.(`"${path}" was written without a hash: it cannot be verified`);
}

async function openWeights(path: string, which: Network | undefined): Promise<Weights> {
  const whole = await checkpointWeights(path, which ?? "teacher");
  if (whole !== undefined) return whole;
  const backbone = await BackboneWeights.open(path, which);
  return {
    path,
    title: "the backbone",
    hasHeads: false,
    shapes: new Map([...backbone.shapes].map(([name, shape]) => [BACKBONE + name, shape])),
    f32: (name) => backbone.f32(name.slice(BACKBONE.length)),
    [Symbol.asyncDispose]: () => backbone[Symbol.asyncDispose](),
  };
}

/** A network of a checkpoint of ours with its heads; undefined if the file is none. */
async function checkpointWeights(path: string, which: Network): Promise<Weights | undefined> {
  if (await formatOf(path) !== "safetensors") return undefined;
  const file = await SafetensorsFile.open(path);
  if (file.metadata.format !== "denodino-checkpoint/1") {
    await file[Symbol.asyncDispose]();
    return undefined;
  }
  const prefix = `${which}.`;
  const entries = [...file.entries].filter(([name]) => name.startsWith(prefix));
  return {
    path,
    title: `the ${which}'s weights`,
    hasHeads: true,
    shapes: new Map(entries.map(([name, { shape }]) => [name.slice(prefix.length), shape])),
    f32: (name) => file.f32(prefix + name),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

function checkNames(weights: Weights, step: TrainStep, model: string): void {
  const [missing, misshapen]: string[][] = [[], []];
  const known = new Set<string>();
  for (const { parameter: { name, shape } } of step.networks.buffers.flatMap((b) => b.members)) {
    if (!weights.hasHeads && !name.startsWith(BACKBONE)) continue;
    known.add(name);
    const got = weights.shapes.get(name);
    if (got === undefined) missing.push(name);
    else if (significant(got) !== significant(shape)) {
      misshapen.push(`${name} must be [${shape.join(", ")}], got [${got.join(", ")}]`);
    }
  }
  const unexpected = [...weights.shapes.keys()].filter((name) => !known.has(name));
  if (missing.length + unexpected.length + misshapen.length === 0) return;
  throw new CheckpointError(
    `Cannot start from "${weights.path}": it must hold the weights of ${model} with these ` +
      "settings, got others; use the model, model_args and transform_args that wrote it, or an " +
      "exported backbone if only the heads are others" +
      listed("missing", missing) + listed("not known", unexpected) +
      listed("of another shape", misshapen),
  );
}

/** A shape without axes of 1: files differ in those of the mask token. */
function significant(shape: readonly number[]): string {
  return shape.filter((size) => size !== 1).join();
}

function listed(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const rest = names.length - SHOWN_NAMES;
  const lines = [...names.slice(0, SHOWN_NAMES), ...rest > 0 ? [`and ${rest} more`] : []];
  return `\n  ${title}:${lines.map((line) => `\n    ${line}`).join("")}`;
}

/** Writes start values of a seed into both networks, and over them what `weights` have. */
export async function writeValues(
  step: TrainStep,
  memory: StepMemory,
  seed: number,
  weights?: Weights,
): Promise<void> {
  for (const buffers of step.networks.buffers) {
    const taken = weights === undefined ? [] : await takenFrom(weights, buffers);
    for (const network of ["student", "teacher"] as const) {
      const flat = initialBuffer(buffers, seed, network);
      for (const { values, offset } of taken) flat.set(values, offset);
      const whole = network === "student" ? buffers.values : buffers.teacher;
      memory.write(whole, flat as Float32Array<ArrayBuffer>);
    }
  }
}

async function takenFrom(weights: Weights, { members }: ParameterBuffers) {
  const taken: { values: Float32Array; offset: number }[] = [];
  for (const { parameter: { name }, offset } of members) {
    if (!weights.shapes.has(name)) continue; // of a head that starts at random
    taken.push({ values: await weights.f32(name), offset });
  }
  return taken;
}
