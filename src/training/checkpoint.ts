import { copyFile, link, rename, rm } from "node:fs/promises";
import type { TrainConfig } from "../config/train_config.ts";
import { syncFolder } from "../files/sync_folder.ts";
import { isSystemError, writeRefused } from "../files/write_refused.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import type { ParameterBuffers } from "../layers/parameter.ts";
import { LOSS_SCALE_CORRECTIONS, LOSS_SCALE_SIZE } from "../ops/loss_scale.ts";
import { CheckpointError } from "../safetensors.ts";
import {
  bytesOf,
  SafetensorsFile,
  type SafetensorsSource,
  writeSafetensors,
} from "../safetensors_file.ts";
import type { MetricsRow } from "./metrics_file.ts";
import type { TrainStep } from "./step.ts";

/** Reads and writes the memory of a step: a plan's runner, or a live device. */
export interface StepMemory {
  write(tensor: Tensor, data: Float32Array<ArrayBuffer>): void;
  download(tensor: Tensor): Promise<Float32Array>;
}

/** What of a buffer a checkpoint holds, and under which prefix. */
const PARTS = {
  student: "values",
  teacher: "teacher",
  exp_avg: "expAvg",
  exp_avg_sq: "expAvgSq",
} as const satisfies Record<string, keyof ParameterBuffers>;

const CENTERS = { dino_center: "dinoCenter", ibot_center: "ibotCenter" } as const;

/** The state of dynamic loss scaling, of runs that have it. */
const LOSS_SCALE = "loss_scale";

/** Where a run stands. */
export interface Position {
  /** Optimizer steps done. */
  step: number;
  epoch: number;
}

/** What is told about a run in the metadata of its checkpoint. */
export interface CheckpointNotes extends Position {
  config: unknown;
  /** The numbers of the last step: by one of them the best checkpoints are told. */
  metrics?: MetricsRow;
}

/**
 * Writes everything that a run needs to go on: both networks, moments, centres, position.
 *
 * The file appears whole or not at all, and `last`, if there is to be one, names it afterwards.
 *
 * @throws {CheckpointError} If it cannot be written.
 */
export async function saveCheckpoint(
  paths: { file: string; last: string | null },
  step: TrainStep,
  memory: StepMemory,
  { config, metrics, ...position }: CheckpointNotes,
): Promise<void> {
  const sources: SafetensorsSource[] = [];
  for (const [prefix, part] of Object.entries(PARTS)) {
    for (const buffers of step.networks.buffers) {
      sources.push(...sourcesOf(buffers, buffers[part], memory, (name) => `${prefix}.${name}`));
    }
  }
  for (const [name, key] of Object.entries(CENTERS)) {
    const data = async () => bytesOf(await memory.download(step[key]));
    sources.push({ name, dtype: "F32", shape: step[key].shape, data });
  }
  const { lossScale } = step;
  if (lossScale !== null) {
    const data = async () => bytesOf(await memory.download(lossScale));
    sources.push({ name: LOSS_SCALE, dtype: "F32", shape: lossScale.shape, data });
  }
  await naming(paths.file, () =>
    writeSafetensors(paths.file, sources, {
      format: "denodino-checkpoint/1",
      step: String(position.step),
      epoch: String(position.epoch),
      config: JSON.stringify(config),
      metrics: JSON.stringify(metrics ?? {}),
    }));
  const { last } = paths;
  if (last !== null) await naming(last, () => pointTo(last, paths.file));
}

/**
 * Writes the teacher's backbone under its official names.
 *
 * @throws {CheckpointError} If it cannot be written.
 */
export async function exportTeacher(
  path: string,
  step: TrainStep,
  memory: StepMemory,
  metadata: Record<string, string>,
): Promise<void> {
  const prefix = "backbone.";
  const sources = step.networks.buffers.flatMap((buffers) =>
    sourcesOf(buffers, buffers.teacher, memory, (name) => name)
  );
  const backbone = sources.filter(({ name }) => name.startsWith(prefix))
    .map((source) => ({ ...source, name: source.name.slice(prefix.length) }));
  await naming(path, () => writeSafetensors(path, backbone, metadata));
}

/** Writes a file; where the system refuses, says which file it was. */
async function naming(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new CheckpointError(writeRefused(path, error).message);
  }
}

/**
 * Restores everything that {@linkcode saveCheckpoint} wrote.
 *
 * @returns Where the run stood, and the numbers of its last step.
 * @throws {CheckpointError} If the file is damaged or of another model; nothing is changed then.
 */
export async function loadCheckpoint(
  path: string,
  step: TrainStep,
  memory: StepMemory,
): Promise<Position & { metrics?: MetricsRow }> {
  await using file = await SafetensorsFile.open(path);
  checkTensors(path, file, step);
  for (const [prefix, part] of Object.entries(PARTS)) {
    for (const buffers of step.networks.buffers) {
      const flat = new Float32Array(elementCount(buffers.values.shape));
      for (const { parameter: { name }, offset } of buffers.members) {
        flat.set(await file.f32(`${prefix}.${name}`), offset);
      }
      memory.write(buffers[part], flat);
    }
  }
  for (const [name, key] of Object.entries(CENTERS)) {
    memory.write(step[key], await file.f32(name));
  }
  if (step.lossScale !== null) {
    const saved = file.entries.has(LOSS_SCALE);
    memory.write(step.lossScale, saved ? await file.f32(LOSS_SCALE) : lossScaleAfter(file));
  }
  const { step: stepsDone, epoch, metrics = "{}" } = file.metadata;
  const row = JSON.parse(metrics);
  const position = { step: Number(stepsDone), epoch: Number(epoch) };
  return "step" in row ? { ...position, metrics: row } : position;
}

/** Of a run so far without loss scaling: the initial scale, and moments after so many steps. */
function lossScaleAfter({ metadata }: SafetensorsFile): Float32Array<ArrayBuffer> {
  const { optim_args } = JSON.parse(metadata.config) as Partial<TrainConfig>;
  const state = new Float32Array(LOSS_SCALE_SIZE);
  const betas = optim_args?.betas ?? [];
  betas.forEach((beta, i) => state[LOSS_SCALE_CORRECTIONS + i] = 1 - beta ** Number(metadata.step));
  return state;
}

function checkTensors(path: string, file: SafetensorsFile, step: TrainStep): void {
  const expected = new Map<string, readonly number[]>();
  for (const prefix of Object.keys(PARTS)) {
    for (const { members } of step.networks.buffers) {
      for (const { parameter } of members) {
        expected.set(`${prefix}.${parameter.name}`, parameter.shape);
      }
    }
  }
  for (const [name, key] of Object.entries(CENTERS)) expected.set(name, step[key].shape);
  for (const [name, shape] of expected) {
    const got = file.entries.get(name)?.shape;
    if (got?.join() === shape.join()) continue;
    throw new CheckpointError(
      `Cannot load "${path}": ${name} must have shape [${shape.join(", ")}], got ${
        got ? `[${got.join(", ")}]` : "no such tensor"
      }; use the model and method_args that wrote it`,
    );
  }
  for (const name of file.entries.keys()) {
    if (expected.has(name) || name === LOSS_SCALE) continue; // a run may change its precision
    throw new CheckpointError(
      `Cannot load "${path}": it must hold the tensors of this model alone, got ${name} besides; ` +
        "use the model and method_args that wrote it",
    );
  }
}

/** The tensors of one buffer; its memory is fetched once, when the first of them is written. */
function sourcesOf(
  { members }: ParameterBuffers,
  whole: Tensor,
  memory: StepMemory,
  nameOf: (parameter: string) => string,
): SafetensorsSource[] {
  let flat: Float32Array | undefined;
  return members.map(({ parameter: { name, shape }, offset }, index) => ({
    name: nameOf(name),
    dtype: "F32",
    shape,
    data: async () => {
      flat ??= await memory.download(whole);
      const bytes = bytesOf(flat.subarray(offset, offset + elementCount(shape)));
      if (index === members.length - 1) flat = undefined;
      return bytes;
    },
  }));
}

/** Makes `last` another name of `file`, without a moment in which neither is there. */
async function pointTo(last: string, file: string): Promise<void> {
  const temporary = `${last}.tmp`;
  await rm(temporary, { force: true });
  try {
    await link(file, temporary);
  } catch {
    await copyFile(file, temporary); // a file system without hard links
  }
  await rename(temporary, last);
  await syncFolder(last);
}
