import source from "../../kernels/swiglu.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/**
 * Gates the second half of each row by SiLU of the first: `silu(x12[:, :h]) · x12[:, h:]`.
 *
 * @param x12 `[rows, 2h]`, what the joined linear layer w12 gives.
 * @returns `[rows, h]`.
 * @throws {ShapeError} If the rows of `x12` have an odd length.
 */
export function swiglu(gpu: Recorder, x12: Tensor): Tensor {
  const [rows, hidden] = halvesOf("swiglu", x12);
  const y = gpu.empty([rows, hidden], "swiglu.y");
  if (rows === 0) return y;
  gpu.run({
    label: "swiglu.forward",
    source,
    entryPoint: "forward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows * hidden], ["u32", hidden]),
    inputs: [x12],
    outputs: [y],
    workgroups: Math.ceil(rows * hidden / WORKGROUP_SIZE),
  });
  return y;
}

/**
 * Gradient of {@linkcode swiglu}.
 *
 * @param dy `[rows, h]`.
 * @param x12 What the forward pass was given, `[rows, 2h]`.
 * @returns dx12, `[rows, 2h]`.
 * @throws {ShapeError} If `dy` does not fit `x12`.
 */
export function swigluBackward(gpu: Recorder, dy: Tensor, x12: Tensor): Tensor {
  const [rows, hidden] = halvesOf("swigluBackward", x12);
  expectShape("swigluBackward", "dy", dy, [rows, hidden]);
  const dx12 = gpu.empty([rows, 2 * hidden], "swiglu.dx12");
  if (rows === 0) return dx12;
  gpu.run({
    label: "swiglu.backward",
    source,
    entryPoint: "backward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows * hidden], ["u32", hidden]),
    inputs: [x12, dy],
    outputs: [dx12],
    workgroups: Math.ceil(rows * hidden / WORKGROUP_SIZE),
  });
  return dx12;
}

function halvesOf(op: string, x12: Tensor): [rows: number, hidden: number] {
  const [rows, width] = expectShape(op, "x12", x12, ["rows", "2h"]);
  if (width % 2 !== 0) {
    throw new ShapeError(`Cannot run ${op}: rows of x12 must have an even length, got ${width}`);
  }
  return [rows, width / 2];
}
