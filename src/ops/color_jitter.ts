import kernel from "../../kernels/color_jitter.wgsl" with { type: "text" };
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";
import { pixelCount, pixelShape, type ViewGroup, viewParams } from "./view_table.ts";

const source = linkKernel(kernel);

const LANES = 256; // as the kernel has it

/**
 * Changes the colors of each view as its record says, in place: jitter in its order, then grey.
 *
 * @param pixels Packed pixels of three channels, `[V·B, height·width]`.
 * @throws {ShapeError} If `pixels` or the tables do not fit the group.
 */
export function colorJitter(gpu: Recorder, pixels: Tensor, group: ViewGroup): void {
  expectShape("colorJitter", "pixels", pixels, pixelShape(group));
  const crops = group.images * group.views;
  const graySums = gpu.empty([crops], "color_jitter.gray_sums", "u32");
  const shared = { source, params: viewParams("colorJitter", group) };
  gpu.run({
    ...shared,
    label: "color_jitter.gray_sums",
    entryPoint: "gray_sums",
    inputs: [group.table, pixels],
    outputs: [graySums],
    workgroups: crops,
  });
  gpu.run({
    ...shared,
    label: "color_jitter.forward",
    entryPoint: "forward",
    inputs: [group.table, graySums],
    outputs: [pixels],
    workgroups: Math.ceil(pixelCount(group) / LANES),
  });
}
