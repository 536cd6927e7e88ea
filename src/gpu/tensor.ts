import { ShapeError } from "./errors.ts";

/** How an element is stored. Sums and statistics are f32 whatever the storage is. */
export type DType = "f32" | "f16" | "u32";

/** What a buffer is for; `plan` reports memory by it. */
export type MemoryKind =
  | "parameters"
  | "gradients"
  | "optimizer"
  | "teacher"
  | "images"
  | "inputs"
  | "activations"
  | "state"
  | "constants";

/** A range of GPU memory that exists now, or will once its plan is built. */
export interface Storage {
  readonly label: string;
  readonly kind: MemoryKind;
  readonly sizeBytes: number;
  /** The buffer behind it; a plan gives several storages that never live together one buffer. */
  buffer?: GPUBuffer;
}

/** A dense row-major array in GPU memory. Kernels see `sizeBytes` bytes from `offsetBytes`. */
export interface Tensor {
  readonly label: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: Storage;
  readonly offsetBytes: number;
}

/** Offsets inside a buffer are multiples of this: the largest alignment that WebGPU asks for. */
export const ALIGNMENT_BYTES = 256;

/** Bytes of one element. */
export const BYTES: Record<DType, number> = { f32: 4, f16: 2, u32: 4 };

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes that a tensor of this shape takes, rounded up to whole words; at least one word. */
export function byteLength(shape: readonly number[], dtype: DType): number {
  return Math.max(4, Math.ceil((elementCount(shape) * BYTES[dtype]) / 4) * 4);
}

/** Values as a buffer takes them: rounded where they are stored in halves, in whole words. */
export function bytesFor(
  dtype: DType,
  data: Float32Array | Uint32Array,
): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  if (dtype !== "f16") return data as Float32Array<ArrayBuffer>;
  const words = new Float16Array(Math.ceil(data.length / 2) * 2);
  words.set(data);
  return new Uint16Array(words.buffer);
}

/** The numbers in the bytes of a tensor. */
export function floatsOf({ shape, dtype }: Tensor, bytes: ArrayBuffer): Float32Array<ArrayBuffer> {
  const count = elementCount(shape);
  if (dtype !== "f16") return new Float32Array(bytes).subarray(0, count);
  return Float32Array.from(new Float16Array(bytes).subarray(0, count));
}

/** Rounds a byte count up to the alignment of a binding. */
export function alignUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/**
 * The same memory under another shape, or a part of it.
 *
 * @param offset First element, in elements of the tensor; must fall on an aligned byte.
 * @throws {ShapeError} If the part does not lie inside the tensor or is not aligned.
 */
export function view(tensor: Tensor, shape: readonly number[], offset = 0): Tensor {
  const offsetBytes = tensor.offsetBytes + offset * BYTES[tensor.dtype];
  const fits = offset + elementCount(shape) <= elementCount(tensor.shape);
  if (!fits || offsetBytes % ALIGNMENT_BYTES !== 0) {
    throw new ShapeError(
      `Cannot view ${tensor.label}: a part [${shape}] at element ${offset} must lie aligned ` +
        `inside [${tensor.shape}]`,
    );
  }
  return { ...tensor, shape, offsetBytes };
}

/**
 * Checks a shape and returns the sizes it matched. A number in the pattern must be equal; a name
 * matches anything.
 *
 * @throws {ShapeError} For example "Cannot run layerNorm: gamma must have shape [8], got [7]".
 */
export function expectShape(
  op: string,
  name: string,
  tensor: Tensor,
  pattern: readonly (number | string)[],
): number[] {
  const { shape } = tensor;
  const matches = shape.length === pattern.length &&
    pattern.every((want, axis) => typeof want === "string" || want === shape[axis]);
  if (!matches) {
    throw new ShapeError(
      `Cannot run ${op}: ${name} must have shape [${pattern.join(", ")}], got [${
        shape.join(", ")
      }]`,
    );
  }
  return [...shape];
}
