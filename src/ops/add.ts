import source from "../../kernels/add.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { elementCount, expectShape, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/**
 * Adds `x` to `into`, element by element.
 *
 * @throws {ShapeError} If their shapes differ.
 */
export function addInto(gpu: Recorder, x: Tensor, into: Tensor): void {
  expectShape("addInto", "into", into, x.shape);
  const count = elementCount(x.shape);
  if (count === 0) return;
  gpu.run({
    label: "add.forward",
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", count]),
    inputs: [x],
    outputs: [into],
    workgroups: Math.ceil(count / WORKGROUP_SIZE),
  });
}
