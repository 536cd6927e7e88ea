/** An array of float32 numbers, row-major. */
export interface Values {
  shape: readonly number[];
  data: Float32Array;
}

/** Arrays by name. */
export type Arrays = Record<string, Values>;

/** What a piece of work computes. */
export type WorkKind = "matmul" | "attention" | "layer_norm" | "block" | "step";

/** One piece of work that everybody does, on the same numbers. */
export interface Work {
  name: string;
  kind: WorkKind;
  /** Whatever a peer needs to know beside the arrays, in JSON. */
  settings: object;
  /** Floating-point operations, a multiply-add counting as two; null: nobody counts them. */
  flops: number | null;
  /** Images that one run trains on; null where there are none. */
  images: number | null;
  /** Makes the inputs, the same ones at every call. */
  inputs: () => Arrays;
}

/** A {@linkcode Work} as a peer is told of it: its inputs are files. */
export interface Task {
  kind: WorkKind;
  // deno-lint-ignore no-explicit-any -- each kind has settings of its own
  settings: any;
  /** Folder with an array in each `<name>.f32`. */
  inputFolder: string;
  /** Where the peer writes its results in the same way. */
  outputFolder: string;
  inputShapes: Record<string, readonly number[]>;
}
