import source from "../../kernels/cast.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/**
 * Overwrites `into` with the f32 values of `x`, rounded to what `into` stores.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { castInto } from "./cast.ts";
 *
 * using gpu = await Gpu.open();
 * const x = gpu.upload([4], Float32Array.of(0, 1, 0.1, 65504), "x");
 * const y = gpu.empty([4], "y", "f16");
 * castInto(gpu, x, y);
 * console.log(await gpu.download(y)); // Float32Array(4) [ 0, 1, 0.0999755859375, 65504 ]
 * ```
 *
 * @param x `[n]`, n a multiple of 4.
 * @param into `[n]`, f16 or f32.
 * @throws {ShapeError} If the shapes differ, or n is no multiple of 4.
 */
export function castInto(gpu: Recorder, x: Tensor, into: Tensor): void {
  const [count] = expectShape("castInto", "x", x, ["n"]);
  expectShape("castInto", "into", into, [count]);
  if (count % 4 !== 0) {
    throw new ShapeError(
      `Cannot run castInto: x must have a multiple of 4 elements, got ${count}`,
    );
  }
  if (count === 0) return;
  gpu.run({
    label: `cast.forward ${into.label}`,
    source,
    entryPoint: "forward",
    elem: into.dtype === "f16" ? "f16" : "f32",
    constants: { WORKGROUP_SIZE },
    inputs: [x],
    outputs: [into],
    workgroups: Math.ceil(count / 4 / WORKGROUP_SIZE),
  });
}
