import kernel from "../../kernels/crop_resize.wgsl" with { type: "text" };
import type { Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";
import { pixelShape, type ViewGroup, viewParams } from "./view_table.ts";

const source = linkKernel(kernel);

/** Side of the square of pixels that a workgroup makes. */
const TILE = 8;

/**
 * Cuts each view out of its image, resizes and mirrors it.
 *
 * @param images The bytes of all images as words, `[words]`; the table says where each begins.
 * @returns Packed pixels, `[V·B, height·width]`.
 * @throws {ShapeError} If the tables do not fit the group.
 */
export function cropResize(gpu: Recorder, images: Tensor, group: ViewGroup): Tensor {
  expectShape("cropResize", "images", images, ["words"]);
  const params = viewParams("cropResize", group);
  const [height, width] = group.size;
  const pixels = gpu.empty(pixelShape(group), "crop_resize.pixels", "u32");
  const tiles = Math.ceil(height / TILE) * Math.ceil(width / TILE);
  gpu.run({
    label: "crop_resize.forward",
    source,
    entryPoint: "forward",
    params,
    inputs: [group.table, group.taps, images],
    outputs: [pixels],
    workgroups: group.images * group.views * tiles,
  });
  return pixels;
}
