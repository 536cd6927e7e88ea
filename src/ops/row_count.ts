import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";

const everyRow = new WeakMap<Recorder, Tensor>();

/**
 * What kernels read a count of rows from: the count of this step, `[1]` u32, or a constant that no
 * number of rows reaches where all of them take part.
 */
export function rowCount(gpu: Recorder, count: Tensor | null): Tensor {
  if (count) return count;
  let constant = everyRow.get(gpu);
  if (!constant) {
    constant = gpu.constant(Uint32Array.of(0xffffffff), [1], "every row");
    everyRow.set(gpu, constant);
  }
  return constant;
}
