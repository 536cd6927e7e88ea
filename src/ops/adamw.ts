import source from "../../kernels/adamw.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { type Lanes, lanesOf } from "./lanes.ts";

/** Elements of one block: no two parameters share one, so a block belongs to one segment. */
export const BLOCK_SIZE = 64;

/** Slots of the `[16]` tensor that brings a step's settings. */
export const HYPER = {
  lrBackbone: 0,
  lrHead: 1,
  lrLastLayer: 2,
  weightDecay: 3,
  beta1: 4,
  oneMinusBeta1: 5,
  beta2: 6,
  oneMinusBeta2: 7,
  eps: 8,
  biasCorrection1: 9,
  sqrtBiasCorrection2: 10,
  momentum: 11,
  oneMinusMomentum: 12,
  updateTeacher: 13,
  updateStudent: 14,
} as const;

/** Number of elements of the settings tensor. */
export const HYPER_SIZE = 16;

/** Which of the three learning rates a segment follows; the index is its code in the table. */
export const SEGMENT_KINDS = ["backbone", "head", "lastLayer"] as const;

/** Settings of one step. */
export interface AdamWStep {
  /** Learning rates before a segment's scale; 0 freezes. */
  lrBackbone: number;
  lrHead: number;
  lrLastLayer: number;
  /** Of the segments that decay. */
  weightDecay: number;
  betas: readonly [number, number];
  eps: number;
  /** Updates made before this one. */
  step: number;
  /** Of the teacher. */
  momentum: number;
  updateTeacher: boolean;
}

/** How the blocks of one parameter are updated. */
export interface Segment {
  /** Factor on the learning rate: layerwise decay, patch-embedding multiplier. */
  lrScale: number;
  weightDecay: boolean;
  kind: typeof SEGMENT_KINDS[number];
}

/**
 * The settings tensor of one step; differences and bias corrections are taken in float64.
 *
 * @returns f32 `[16]`, by the slots of {@linkcode HYPER}.
 */
export function packHyper(now: AdamWStep): Float32Array {
  const [beta1, beta2] = now.betas;
  const values: Record<keyof typeof HYPER, number> = {
    lrBackbone: now.lrBackbone,
    lrHead: now.lrHead,
    lrLastLayer: now.lrLastLayer,
    weightDecay: now.weightDecay,
    beta1,
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    eps: now.eps,
    biasCorrection1: 1 - beta1 ** (now.step + 1),
    sqrtBiasCorrection2: Math.sqrt(1 - beta2 ** (now.step + 1)),
    momentum: now.momentum,
    oneMinusMomentum: 1 - now.momentum,
    updateTeacher: now.updateTeacher ? 1 : 0,
    updateStudent: 1,
  };
  const packed = new Float32Array(HYPER_SIZE);
  for (const [name, slot] of Object.entries(HYPER)) {
    packed[slot] = values[name as keyof typeof HYPER];
  }
  return packed;
}

/**
 * The table of one parameter buffer: the segment of each block, then the segments themselves.
 *
 * @param blocks Segment of each block of 64 elements, `[n / 64]`.
 * @returns u32 `[n / 64 + 4 · segments]`; the floats of the segments as their bits.
 * @throws {ShapeError} If a block names a segment that does not exist.
 */
export function packSegments(
  blocks: ArrayLike<number>,
  segments: readonly Segment[],
): Uint32Array {
  const table = new Uint32Array(blocks.length + 4 * segments.length);
  for (let block = 0; block < blocks.length; block++) {
    if (!(blocks[block] < segments.length)) {
      throw new ShapeError(
        `Cannot pack segments: block ${block} must name one of ${segments.length} segments, ` +
          `got ${blocks[block]}`,
      );
    }
    table[block] = blocks[block];
  }
  const floats = new Float32Array(table.buffer, 4 * blocks.length);
  segments.forEach(({ lrScale, weightDecay, kind }, index) => {
    floats.set([lrScale, weightDecay ? 1 : 0, SEGMENT_KINDS.indexOf(kind)], 4 * index);
  });
  return table;
}

/**
 * Clips the gradients, updates the parameters of one buffer with AdamW, and lets the teacher
 * follow them, in one dispatch. The gradients stay as they are.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const filled = (value: number) =>
 *   gpu.upload([64], new Float32Array(64).fill(value), "parameters");
 * const [values, grads, teacher] = [filled(1), filled(0.5), filled(1)];
 * const table = packSegments([0], [{ lrScale: 1, weightDecay: true, kind: "backbone" }]);
 * const rates = { lrBackbone: 0.1, lrHead: 0.1, lrLastLayer: 0 };
 * const teacherNow = { momentum: 0.5, updateTeacher: true };
 * const optimizer = { weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8, step: 0 } as const;
 * const hyper = packHyper({ ...rates, ...teacherNow, ...optimizer });
 * adamw(gpu, {
 *   values,
 *   grads,
 *   teacher,
 *   expAvg: filled(0),
 *   expAvgSq: filled(0),
 *   table: gpu.upload([5], table, "table"),
 *   hyper: gpu.upload([16], hyper, "hyper"),
 *   clip: gpu.upload([2], Float32Array.of(1, 1), "clip"),
 * });
 * console.log((await gpu.download(values))[0].toFixed(3)); // 0.900
 * console.log((await gpu.download(teacher))[0].toFixed(3)); // 0.950
 * ```
 *
 * @param buffers `values`, `grads`, `expAvg`, `expAvgSq` and `teacher` are f32 `[n]`, n a multiple
 * of 64; `table` is from {@linkcode packSegments}, `hyper` from {@linkcode packHyper}, `clip`
 * `[2]` from `gradNorm`.
 * @throws {ShapeError} If they do not fit each other.
 */
export function adamw(
  gpu: Recorder,
  buffers: {
    values: Tensor;
    grads: Tensor;
    expAvg: Tensor;
    expAvgSq: Tensor;
    teacher: Tensor;
    table: Tensor;
    hyper: Tensor;
    clip: Tensor;
  },
): void {
  const { values, grads, expAvg, expAvgSq, teacher, table, hyper, clip } = buffers;
  const [n] = expectShape("adamw", "values", values, ["n"]);
  if (n % BLOCK_SIZE !== 0) {
    throw new ShapeError(
      `Cannot run adamw: values must have a multiple of ${BLOCK_SIZE} elements, got ${n}; pad ` +
        "each parameter to whole blocks",
    );
  }
  expectShape("adamw", "grads", grads, [n]);
  expectShape("adamw", "expAvg", expAvg, [n]);
  expectShape("adamw", "expAvgSq", expAvgSq, [n]);
  expectShape("adamw", "teacher", teacher, [n]);
  expectShape("adamw", "table", table, ["n / 64 + 4 * segments"]);
  expectShape("adamw", "hyper", hyper, [HYPER_SIZE]);
  expectShape("adamw", "clip", clip, [2]);
  if (n === 0) return;
  gpu.choose({
    key: `adamw.update ${n}`,
    variants: lanesFor(gpu),
    record: (gpu, { lanes }) =>
      gpu.run({
        label: "adamw.update",
        source,
        entryPoint: "update",
        constants: { WORKGROUP_SIZE: lanes },
        inputs: [grads, table, hyper, clip],
        outputs: [values, expAvg, expAvgSq, teacher],
        workgroups: Math.ceil(n / (4 * lanes)),
        bytes: 9 * 4 * n, // four tensors read and written, one read
      }),
  });
}

/** In software a workgroup is a task for one thread: more lanes, fewer tasks. */
function lanesFor({ adapter }: Recorder): Lanes[] {
  return adapter.kernels === "cpu" ? lanesOf(adapter, 256) : lanesOf(adapter, 256, 128, 64, 512);
}
