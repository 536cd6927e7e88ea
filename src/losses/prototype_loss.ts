import type { Recorder } from "../gpu/recorder.ts";
import { ALIGNMENT_BYTES, BYTES, type Tensor, view } from "../gpu/tensor.ts";
import { fill } from "../ops/fill.ts";
import { matmul } from "../ops/matmul.ts";
import { NO_PAIR, prototypeCrossEntropy } from "../ops/prototype_cross_entropy.ts";
import { sinkhornAccumulate, sinkhornFinish, sinkhornReset } from "../ops/sinkhorn_knopp.ts";
import { softmaxStats } from "../ops/softmax_stats.ts";

/** Unit features and the prototypes they are compared with. */
export interface Features {
  features: Tensor; // [rows, d]
  prototypes: Tensor; // [K, d]
}

/**
 * What a loss compares: student rows with teacher rows, in units that are never cut apart. A unit
 * of DINO is an image with all its views, a unit of iBOT a masked patch.
 */
export interface PrototypeLossInput {
  name: string;
  student: Features;
  teacher: Features;
  /** Student rows and teacher rows in a unit. */
  unit: { student: number; teacher: number };
  /** The one or two teacher rows of a unit that its student row `j` is compared with. */
  pairs: (studentRow: number) => readonly [number, number | null];
  /** Factor of each student row in the loss, `[rows]`. */
  weights: Tensor;
  /** Teacher temperature, and the loss scale, a factor of all gradients; `[2]`. */
  lossScalars: Tensor;
  studentTemp: number;
  /** Rows that count, u32 `[1]`, where the rows are an upper bound; null: all. Unit sizes are 1. */
  count: Tensor | null;
  /** Factor of the gradient: the weight of this loss in the total. */
  gradScale: number;
  /** Where the gradient of the student's prototypes is added, `[K, d]`. */
  dPrototypes: Tensor;
}

/** What {@linkcode prototypeLoss} computes. */
export interface PrototypeLoss {
  /** By student row, each with its weight, `[rows]`. */
  losses: Tensor;
  dFeatures: Tensor; // [rows, d]
  /** What was subtracted from the teacher's logits, `[K]`. */
  center: Tensor;
  /** The entropy of each teacher row's targets, in pieces as long as the chunks. */
  entropies: Tensor[];
}

/** Subtracted from the teacher's logits before its softmax, `[K]`. */
export type Centering = { method: "softmax"; center: Tensor } | { method: "sinkhorn_knopp" };

/** How many bytes of logits may exist at once, of student and teacher together. */
export const LOGITS_BUDGET_BYTES = 128 * 2 ** 20;

const SINKHORN_ITERATIONS = 3;

/** A run of units whose logits exist at the same time. */
interface Chunk {
  first: number;
  units: number;
}

/**
 * Cross-entropy between the teacher's and the student's distribution over prototypes, with its
 * gradients; the logits exist for one chunk of rows at a time, so that memory does not grow with
 * batch times prototypes.
 */
export function prototypeLoss(
  gpu: Recorder,
  input: PrototypeLossInput,
  centering: Centering,
): PrototypeLoss {
  const { student, unit, lossScalars } = input;
  const teacherTemp = view(lossScalars, [1]);
  const rows = student.features.shape[0];
  const losses = gpu.empty([rows], `${input.name}.losses`, "f32");
  const dFeatures = gpu.empty(student.features.shape, `${input.name}.dFeatures`);
  const chunks = chunksOf(gpu, input);
  const teacherLogits = teacherLogitsBy(gpu, input, chunks);
  const center = centering.method === "softmax"
    ? centering.center
    : sinkhornCenter(gpu, input, chunks, teacherLogits);

  const pairs = chunks.length > 0 ? pairTable(gpu, input, chunks[0].units) : undefined;
  const entropies: Tensor[] = [];
  for (const chunk of chunks) {
    const studentRows = chunk.units * unit.student;
    const rowOffset = chunk.first * unit.student;
    const target = teacherLogits(chunk); // [units · teacher, K]
    const { lse: teacherLse, entropy } = softmaxStats(gpu, target, center, teacherTemp);
    entropies.push(entropy);
    const features = rowsOf(student.features, rowOffset, studentRows);
    const logits = matmul(gpu, features, student.prototypes, {
      transposeB: true,
      label: `${input.name}.student_logits`,
    }); // [units · student, K], then its gradient
    prototypeCrossEntropy(gpu, {
      student: logits,
      teacher: target,
      center,
      teacherLse,
      lossScalars,
      studentTemp: input.studentTemp,
      pairs: view(pairs!, [studentRows, 2]),
      weights: input.weights,
      rowOffset,
      gradScale: input.gradScale,
      losses,
    });
    const into = rowsOf(dFeatures, rowOffset, studentRows);
    matmul(gpu, logits, student.prototypes, { into, label: `${input.name}.dFeatures` });
    const add = input.dPrototypes;
    matmul(gpu, logits, features, { transposeA: true, add, label: `${input.name}.dPrototypes` });
  }
  return { losses, dFeatures, center, entropies };
}

/** Cuts the units into chunks whose logits fit the budget and whose rows begin on aligned bytes. */
function chunksOf(gpu: Recorder, { student, unit }: PrototypeLossInput): Chunk[] {
  const [rows, dim] = student.features.shape;
  const units = rows / unit.student;
  const bytes = BYTES[student.features.dtype];
  // As many units in either precision: with f16 logits too take half the memory.
  const bytesPerUnit = (unit.student + unit.teacher) * student.prototypes.shape[0] * BYTES.f32;
  const budget = Math.min(LOGITS_BUDGET_BYTES, gpu.adapter.maxBindingBytes);
  const step = alignedUnits(unit.student * dim * bytes, unit.teacher * dim * bytes);
  const most = Math.max(step, Math.floor(budget / bytesPerUnit / step) * step);
  const chunks: Chunk[] = [];
  for (let first = 0; first < units; first += most) {
    chunks.push({ first, units: Math.min(most, units - first) });
  }
  return chunks;
}

/** The least number of units that starts on an aligned byte in both feature tensors. */
function alignedUnits(...bytesPerUnit: number[]): number {
  let units = 1;
  while (bytesPerUnit.some((bytes) => (units * bytes) % ALIGNMENT_BYTES !== 0)) units *= 2;
  return units;
}

/** Makes a chunk's teacher logits; where one chunk holds all, it is made once. */
function teacherLogitsBy(
  gpu: Recorder,
  { name, teacher, unit }: PrototypeLossInput,
  chunks: Chunk[],
): (chunk: Chunk) => Tensor {
  let only: Tensor | undefined;
  return ({ first, units }) => {
    if (only) return only;
    const features = rowsOf(teacher.features, first * unit.teacher, units * unit.teacher);
    const label = `${name}.teacher_logits`;
    const logits = matmul(gpu, features, teacher.prototypes, { transposeB: true, label });
    if (chunks.length === 1) only = logits;
    return logits;
  };
}

/**
 * Sinkhorn-Knopp as a centre: dividing by prototype sums is subtracting a vector from the logits,
 * and dividing by sample sums is the softmax that follows anyway.
 */
function sinkhornCenter(
  gpu: Recorder,
  { name, teacher, unit, lossScalars, count }: PrototypeLossInput,
  chunks: Chunk[],
  teacherLogits: (chunk: Chunk) => Tensor,
): Tensor {
  const numPrototypes = teacher.prototypes.shape[0];
  const teacherTemp = view(lossScalars, [1]);
  const state = gpu.empty([numPrototypes, 2], `${name}.sinkhorn_state`, "f32");
  let center: Tensor | undefined;
  for (let iteration = 0; iteration < SINKHORN_ITERATIONS; iteration++) {
    sinkhornReset(gpu, state);
    for (const chunk of chunks) {
      const logits = teacherLogits(chunk);
      const lse = center ? softmaxStats(gpu, logits, center, teacherTemp).lse : null;
      const rowOffset = chunk.first * unit.teacher;
      sinkhornAccumulate(gpu, logits, lse, teacherTemp, state, { count, rowOffset });
    }
    center = gpu.empty([numPrototypes], `${name}.sinkhorn_center`, "f32");
    sinkhornFinish(gpu, state, teacherTemp, center);
  }
  return center!;
}

/** Teacher rows of each student row of a chunk, counted from the chunk's first. */
function pairTable(gpu: Recorder, { name, unit, pairs }: PrototypeLossInput, units: number) {
  const table = new Uint32Array(units * unit.student * 2);
  for (let row = 0; row < units * unit.student; row++) {
    const first = Math.floor(row / unit.student) * unit.teacher;
    const [a, b] = pairs(row % unit.student);
    table.set([first + a, b === null ? NO_PAIR : first + b], row * 2);
  }
  return gpu.constant(table, [units * unit.student, 2], `${name}.pairs`);
}

function rowsOf(features: Tensor, first: number, rows: number): Tensor {
  const dim = features.shape[1];
  return view(features, [rows, dim], first * dim);
}

/** The prototypes' gradient, zeroed; both losses of a shared head add into it. */
export function emptyPrototypeGrad(gpu: Recorder, prototypes: Tensor, label: string): Tensor {
  const grad = gpu.empty(prototypes.shape, label, "f32");
  fill(gpu, grad, 0);
  return grad;
}
