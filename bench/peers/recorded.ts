import type { Tensor } from "../../src/gpu/tensor.ts";
import type { Arrays, Values } from "./work.ts";

/** A recorded work: what its plan needs from outside, and where its results are. */
export interface Recorded {
  writes: [Tensor, Float32Array][];
  results(read: (tensor: Tensor) => Promise<Values>): Promise<Arrays>;
}
