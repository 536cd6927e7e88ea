import kernel from "../../kernels/grad_norm.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** Elements that one workgroup sums: `LANES · PER_LANE` in the kernel. */
const PER_WORKGROUP = 256 * 64;

/**
 * L2 norm of all gradients together, and the factor that clips them to `maxNorm`:
 * `min(1, maxNorm / (norm + 1e-6))`. The gradients stay as they are.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const grads = gpu.upload([2], Float32Array.of(3, 4), "grads");
 * const [norm, clip] = await gpu.download(gradNorm(gpu, [grads], 2.5));
 * console.log(norm, clip.toFixed(4)); // 5 0.5000
 * ```
 *
 * @param grads f32 of any shape; those without elements count as 0.
 * @returns f32 `[2]`: the norm before clipping, and the factor.
 * @throws {RangeError} If `maxNorm` is not a positive number.
 */
export function gradNorm(gpu: Recorder, grads: readonly Tensor[], maxNorm: number): Tensor {
  if (!(maxNorm > 0 && maxNorm < Infinity)) {
    throw new RangeError(
      `Cannot run gradNorm: maxNorm must be positive and finite, got ${maxNorm}`,
    );
  }
  const counts = grads.map(({ shape }) => elementCount(shape));
  const groups = counts.map((count) => Math.ceil(count / PER_WORKGROUP));
  const partialCount = groups.reduce((sum, count) => sum + count, 0);
  const partials = gpu.empty([partialCount], "grad_norm.partials", "f32");
  const result = gpu.empty([2], "grad_norm.result", "f32");
  let firstPartial = 0;
  for (const [i, tensor] of grads.entries()) {
    if (counts[i] === 0) continue;
    gpu.run({
      label: `grad_norm.sum_squares ${tensor.label}`,
      source,
      entryPoint: "sum_squares",
      params: packParams(["u32", counts[i]], ["u32", firstPartial]),
      inputs: [tensor],
      outputs: [partials],
      workgroups: groups[i],
    });
    firstPartial += groups[i];
  }
  gpu.run({
    label: "grad_norm.finish",
    source,
    entryPoint: "finish",
    params: packParams(["u32", partialCount], ["f32", maxNorm]),
    inputs: [partials],
    outputs: [result],
    workgroups: 1,
  });
  return result;
}
