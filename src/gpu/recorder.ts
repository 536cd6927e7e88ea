import type { AdapterFacts } from "./device.ts";
import type { Elem, KernelSource } from "./kernel.ts";
import type { DType, MemoryKind, Tensor } from "./tensor.ts";

/** One kernel call: what runs, over which tensors, on how many workgroups. */
export interface Dispatch {
  /** `<kernel file>.<entry point>`, followed where useful by what it works on. */
  label: string;
  /** A text import of one file of `kernels/`, linked with those that it imports. */
  source: KernelSource;
  entryPoint: string;
  /** What `elem` is in this kernel, where it is not what the recorder stores activations as. */
  elem?: Elem;
  /** Values for the `override` constants of the kernel. */
  constants?: Record<string, number>;
  /** The `Params` struct at binding 0, from {@linkcode packParams}. */
  params?: ArrayBuffer;
  /** Bindings 1 and up: `var<storage, read>`. */
  inputs: readonly Tensor[];
  /** The bindings after the inputs: `var<storage, read_write>`. */
  outputs: readonly Tensor[];
  /** A plain count is folded into two dimensions when it passes one grid axis. */
  workgroups: number | readonly [number, number] | readonly [number, number, number];
  /** Floating-point operations, a multiply-add counting as two. */
  flops?: number;
  /** The same with those of tiles past the edges of what they tile; `flops` if left out. */
  tileFlops?: number;
  /** Bytes moved when that is not simply the size of all bindings. */
  bytes?: number;
}

/** One way to lay out the work of an op. */
export interface Variant {
  /** What is written down of it, so that a later run takes the same. */
  readonly name: string;
}

/** Work that an op can do in several ways, all of them right: which is fastest, a clock tells. */
export interface Choice<V extends Variant = Variant> {
  /** Op, form, storage and sizes: what has the same key takes the same time. */
  readonly key: string;
  /** The first is the built-in one, which is taken until somebody has measured. */
  readonly variants: readonly V[];
  /** Dispatches the work in one of the ways. */
  record(gpu: Recorder, variant: V): void;
}

/**
 * What dispatches go into: the live device (tests, tools) or a plan being recorded (training).
 * An op cannot tell which one it has.
 */
export interface Recorder {
  readonly adapter: AdapterFacts;
  /** How activations and the weights of products are stored. */
  readonly elem: Elem;
  /**
   * Memory with undefined contents, alive from its first write to its last read.
   *
   * @param dtype `elem` if left out: statistics, partial sums and losses say "f32".
   */
  empty(shape: readonly number[], label: string, dtype?: DType): Tensor;
  /** Zeroed memory that lives as long as the recorder. */
  keep(kind: MemoryKind, shape: readonly number[], label: string, dtype?: DType): Tensor;
  /** A table that never changes, such as sequence offsets. */
  constant(data: Float32Array | Uint32Array, shape: readonly number[], label: string): Tensor;
  run(dispatch: Dispatch): void;
  /** Does work in one of several ways: the one that was found to be fastest, or the first. */
  choose<V extends Variant>(choice: Choice<V>): void;
}

/** A dispatch that says what `elem` is, for a recorder that stores activations as `elem`. */
export function withElemOf(dispatch: Dispatch, elem: Elem): Dispatch {
  return dispatch.elem || elem === "f32" ? dispatch : { ...dispatch, elem };
}

/** One field of a kernel's `struct Params`. */
export type Param = readonly ["u32" | "f32" | "i32", number];

/** Packs scalars into the `Params` uniform, in the order of the struct; 4 bytes each. */
export function packParams(...fields: Param[]): ArrayBuffer {
  // Uniform structs are padded to 16 bytes.
  const bytes = new ArrayBuffer(Math.max(16, Math.ceil(fields.length / 4) * 16));
  const data = new DataView(bytes);
  fields.forEach(([type, value], index) => {
    if (type === "f32") data.setFloat32(index * 4, value, true);
    else if (type === "u32") data.setUint32(index * 4, value, true);
    else data.setInt32(index * 4, value, true);
  });
  return bytes;
}

/** Most workgroups along one axis of a grid, in every WebGPU implementation. */
export const MAX_GRID_AXIS = 65_535;

/** Folds a count of workgroups into a grid; kernels read `group.y * groups.x + group.x`. */
export function gridOf(workgroups: Dispatch["workgroups"]): [number, number, number] {
  if (typeof workgroups !== "number") {
    const [x, y, z = 1] = workgroups;
    return [x, y, z];
  }
  const y = Math.max(1, Math.ceil(workgroups / MAX_GRID_AXIS));
  return [Math.ceil(workgroups / y), y, 1];
}
