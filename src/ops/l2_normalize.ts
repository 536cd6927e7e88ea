import kernel from "../../kernels/l2_normalize.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/**
 * Divides each row of `x` by its norm, taken as at least `eps`.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const { y } = l2Normalize(gpu, gpu.upload([1, 2], Float32Array.of(3, 4), "x"));
 * console.log(await gpu.download(y)); // about 0.6 and 0.8
 * ```
 *
 * @param x Features, `[rows, dim]`.
 * @returns `y` `[rows, dim]`, and `norms` `[rows]` for {@linkcode l2NormalizeBackward}.
 * @throws {ShapeError} If `x` is not a matrix.
 */
export function l2Normalize(
  gpu: Recorder,
  x: Tensor,
  { eps = 1e-12 }: { eps?: number } = {},
): { y: Tensor; norms: Tensor } {
  const [rows, dim] = expectShape("l2Normalize", "x", x, ["rows", "dim"]);
  const y = gpu.empty([rows, dim], "l2_normalize.y");
  const norms = gpu.empty([rows], "l2_normalize.norms", "f32");
  if (rows === 0) return { y, norms };
  gpu.run({
    label: "l2_normalize.forward",
    source,
    entryPoint: "forward",
    ...launch(gpu, rows),
    params: packParams(["u32", rows], ["u32", dim], ["f32", eps]),
    inputs: [x],
    outputs: [y, norms],
  });
  return { y, norms };
}

/**
 * The gradient of {@linkcode l2Normalize} with respect to `x`.
 *
 * @param dy Gradient of `y`, `[rows, dim]`.
 * @param y What the forward pass returned, `[rows, dim]`.
 * @param norms What the forward pass returned, `[rows]`.
 * @returns A fresh dx, `[rows, dim]`.
 * @throws {ShapeError} If a shape does not fit `dy`.
 */
export function l2NormalizeBackward(
  gpu: Recorder,
  dy: Tensor,
  y: Tensor,
  norms: Tensor,
  { eps = 1e-12 }: { eps?: number } = {},
): Tensor {
  const [rows, dim] = expectShape("l2NormalizeBackward", "dy", dy, ["rows", "dim"]);
  expectShape("l2NormalizeBackward", "y", y, [rows, dim]);
  expectShape("l2NormalizeBackward", "norms", norms, [rows]);
  const dx = gpu.empty([rows, dim], "l2_normalize.dx");
  if (rows === 0) return dx;
  gpu.run({
    label: "l2_normalize.backward_input",
    source,
    entryPoint: "backward_input",
    ...launch(gpu, rows),
    params: packParams(["u32", rows], ["u32", dim], ["f32", eps]),
    inputs: [dy, y, norms],
    outputs: [dx],
  });
  return dx;
}

/** As many lanes for each row as run in lockstep: wider rows pay for barriers in software. */
function launch({ adapter }: Recorder, rows: number) {
  const [LANES, ROWS] = adapter.kernels === "cpu" ? [8, 8] : [32, 8];
  return {
    constants: { LANES, ROWS, WORKGROUP_SIZE: LANES * ROWS },
    workgroups: Math.ceil(rows / ROWS),
  };
}
