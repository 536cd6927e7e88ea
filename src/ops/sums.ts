import kernel from "../../kernels/sums.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/**
 * Adds sums of a short vector into slots of `into`: of the elements whose index modulo `period` is
 * below `head` into `slot`, of the others into the next one.
 *
 * @param x Any shape, short: losses per row.
 * @param options `period` and `head` default to 1: one sum of everything. `scale` multiplies it.
 */
export function addSums(
  gpu: Recorder,
  x: Tensor,
  into: Tensor,
  { slot, period = 1, head = 1, scale = 1 }: {
    slot: number;
    period?: number;
    head?: number;
    scale?: number;
  },
): void {
  const count = elementCount(x.shape);
  if (count === 0) return;
  gpu.run({
    label: "sums.forward",
    source,
    entryPoint: "forward",
    params: packParams(["u32", count], ["u32", period], ["u32", head], ["u32", slot], [
      "f32",
      scale,
    ]),
    inputs: [x],
    outputs: [into],
    workgroups: 1,
  });
}
