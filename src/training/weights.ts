import { stat } from "node:fs/promises";
import type { TrainConfig } from "../config/train_config.ts";
import { elementCount } from "../gpu/tensor.ts";
import type { ParameterBuffers } from "../layers/parameter.ts";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import type { StepMemory } from "./checkpoint.ts";
import { initialBuffer } from "./initial_values.ts";
import type { RunObserver } from "./observer.ts";
import type { TrainStep } from "./step.ts";

/** Names of an error's list that are shown. */
const SHOWN_NAMES = 20;

const BACKBONE = "backbone.";

/** Which network of a checkpoint the weights are taken from. */
type Source = "teacher" | "student";

/** Weights to start from: a file, and where it holds two networks, which. */
interface Weights {
  file: SafetensorsFile;
  /** `teacher.` in a checkpoint; undefined for an exported backbone, whose names have no prefix. */
  source: Source | undefined;
}

/**
 * Writes start values into both networks: of the file that `checkpoint` names, or random ones.
 *
 * Of a checkpoint, backbone and heads of the teacher are taken, or with `#student` after the path
 * the student's; an exported backbone leaves the heads as the seed has them. Neither moments nor
 * centres nor the step are taken: the run is a new one.
 *
 * @throws {CheckpointError} If the file is damaged, or other tensors are in it: lists them all.
 */
export async function startValues(
  { checkpoint, seed, model }: TrainConfig,
  step: TrainStep,
  memory: StepMemory,
  observer: RunObserver,
): Promise<void> {
  if (checkpoint === null) return await writeValues(step, memory, seed);
  const { path, source } = await placeOf(checkpoint);
  await using file = await SafetensorsFile.open(path);
  await file.verify();
  const weights = { file, source: sourceIn(file, source) };
  checkNames(weights, step, model);
  await writeValues(step, memory, seed, weights);
  observer.onMessage?.(
    weights.source === undefined
      ? `starting from the backbone in "${path}"; the heads start at random: ` +
        "method_args.student_freeze_backbone_steps=N trains them alone first"
      : `starting from the ${weights.source}'s weights in "${path}"`,
  );
}

/** Splits off what follows the `#`; a file that is called so is taken as it is. */
async function placeOf(checkpoint: string): Promise<{ path: string; source?: Source }> {
  const [, path, source] = /^(.+)#(student|teacher)$/.exec(checkpoint) ?? [];
  const isFile = await stat(checkpoint).then(() => true, () => false);
  return path === undefined || isFile ? { path: checkpoint } : { path, source: source as Source };
}

function sourceIn(file: SafetensorsFile, asked: Source | undefined): Source | undefined {
  const names = [...file.entries.keys()];
  if (names.some((name) => /^(student|teacher)\./.test(name))) return asked ?? "teacher";
  if (asked === undefined) return undefined;
  throw new CheckpointError(
    `Cannot start from "${file.path}": it must be a checkpoint to take the ${asked} from, got an ` +
      `exported backbone; leave out #${asked}`,
  );
}

/** The file's name of a parameter; undefined for one that is not to be taken from it. */
function nameIn({ source }: Weights, parameter: string): string | undefined {
  if (source !== undefined) return `${source}.${parameter}`;
  return parameter.startsWith(BACKBONE) ? parameter.slice(BACKBONE.length) : undefined;
}

function checkNames(weights: Weights, step: TrainStep, model: string): void {
  const { file, source } = weights;
  const [missing, misshapen]: string[][] = [[], []];
  const known = new Set<string>();
  for (const { parameter } of step.networks.buffers.flatMap(({ members }) => members)) {
    const name = nameIn(weights, parameter.name);
    if (name === undefined) continue;
    known.add(name);
    const got = file.entries.get(name)?.shape;
    const [must, is] = [parameter.shape, got ?? []].map((shape) => `[${shape.join(", ")}]`);
    if (got === undefined) missing.push(name);
    else if (must !== is) misshapen.push(`${name} must be ${must}, got ${is}`);
  }
  const ofSource = (name: string) => source === undefined || name.startsWith(`${source}.`);
  const unexpected = [...file.entries.keys()].filter((name) => ofSource(name) && !known.has(name));
  if (missing.length + unexpected.length + misshapen.length === 0) return;
  throw new CheckpointError(
    `Cannot start from "${file.path}": it must hold the weights of ${model} with these settings, ` +
      "got others; use the model, model_args and transform_args that wrote it, or an exported " +
      "backbone if only the heads are others" +
      listed("missing", missing) + listed("not known", unexpected) +
      listed("of another shape", misshapen),
  );
}

function listed(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const rest = names.length - SHOWN_NAMES;
  const lines = [...names.slice(0, SHOWN_NAMES), ...rest > 0 ? [`and ${rest} more`] : []];
  return `\n  ${title}:${lines.map((line) => `\n    ${line}`).join("")}`;
}

async function writeValues(step: TrainStep, memory: StepMemory, seed: number, weights?: Weights) {
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
  for (const { parameter, offset } of members) {
    const name = nameIn(weights, parameter.name);
    if (name === undefined) continue;
    const values = await weights.file.f32(name);
    taken.push({ values: values.subarray(0, elementCount(parameter.shape)), offset });
  }
  return taken;
}
