import source from "../../kernels/fill.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, type DType, elementCount, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/**
 * Sets every element of `tensor` to `value`, in place.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const grad = gpu.empty([2, 3], "grad");
 * fill(gpu, grad, 0);
 * ```
 *
 * @param tensor Any shape and storage type.
 */
export function fill(gpu: Recorder, tensor: Tensor, value: number): void {
  if (elementCount(tensor.shape) === 0) return;
  const words = byteLength(tensor.shape, tensor.dtype) / 4;
  gpu.run({
    label: `fill.forward ${tensor.label}`,
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", words], ["u32", wordOf(value, tensor.dtype)]),
    inputs: [],
    outputs: [tensor],
    workgroups: Math.ceil(words / WORKGROUP_SIZE),
  });
}

/** The bits of one 32-bit word full of `value`. */
function wordOf(value: number, dtype: DType): number {
  const bits = new DataView(new ArrayBuffer(4));
  switch (dtype) {
    case "f32":
      bits.setFloat32(0, value);
      break;
    case "u32":
      bits.setUint32(0, value);
      break;
    case "f16":
      bits.setFloat16(0, value);
      bits.setFloat16(2, value);
  }
  return bits.getUint32(0);
}
