import kernel from "../../kernels/rotate.wgsl" with { type: "text" };
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";
import { pixelCount, pixelShape, type ViewGroup, viewParams } from "./view_table.ts";

const source = linkKernel(kernel);

const LANES = 64; // as the kernel has it

/**
 * Turns the views whose record says so about their middle, and copies the others.
 *
 * @param pixels Packed pixels, `[V·B, height·width]`.
 * @returns The same shape.
 * @throws {ShapeError} If `pixels` or the tables do not fit the group.
 */
export function rotate(gpu: Recorder, pixels: Tensor, group: ViewGroup): Tensor {
  expectShape("rotate", "pixels", pixels, pixelShape(group));
  const turned = gpu.empty(pixelShape(group), "rotate.pixels", "u32");
  gpu.run({
    label: "rotate.forward",
    source,
    entryPoint: "forward",
    params: viewParams("rotate", group),
    inputs: [group.table, pixels],
    outputs: [turned],
    workgroups: Math.ceil(pixelCount(group) / LANES),
  });
  return turned;
}
