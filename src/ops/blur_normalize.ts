import kernel from "../../kernels/blur_normalize.wgsl" with { type: "text" };
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";
import { pixelShape, type ViewGroup, viewParams } from "./view_table.ts";

const source = linkKernel(kernel);

/** Pixels of a row that a workgroup finishes. */
const RUN = 64;

/**
 * Finishes views: blurs and solarizes those whose record says so, and normalizes all.
 *
 * @param pixels Packed pixels, `[V·B, height·width]`.
 * @param levels The normalized value of each level of each loaded channel, `[channels, 256]`.
 * @param out Where the views go, `[V·B, kept, height, width]`.
 * @throws {ShapeError} If a tensor does not fit the group.
 */
export function blurNormalize(
  gpu: Recorder,
  pixels: Tensor,
  levels: Tensor,
  group: ViewGroup,
  out: Tensor,
): void {
  const { images, views, size: [height, width], channels, kept } = group;
  expectShape("blurNormalize", "pixels", pixels, pixelShape(group));
  expectShape("blurNormalize", "levels", levels, [channels, 256]);
  expectShape("blurNormalize", "out", out, [views * images, kept, height, width]);
  gpu.run({
    label: "blur_normalize.forward",
    source,
    entryPoint: "forward",
    params: viewParams("blurNormalize", group),
    inputs: [group.table, pixels, levels],
    outputs: [out],
    workgroups: images * views * height * Math.ceil(width / RUN),
  });
}
