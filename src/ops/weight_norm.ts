import kernel from "../../kernels/weight_norm.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/**
 * The prototype matrix from its directions and lengths: each row of `v` scaled to length `g`.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const v = gpu.upload([1, 2], Float32Array.of(3, 4), "v");
 * const g = gpu.upload([1, 1], Float32Array.of(10), "g");
 * console.log(await gpu.download(weightNorm(gpu, v, g).weight)); // about 6 and 8
 * ```
 *
 * @param v Directions, `[numPrototypes, dim]`; a row of zeros gives a row of zeros.
 * @param g Lengths, `[numPrototypes, 1]`.
 * @returns `weight` `[numPrototypes, dim]`, and `norms` `[numPrototypes]` of the rows of `v`.
 * @throws {ShapeError} If `g` does not fit `v`.
 */
export function weightNorm(
  gpu: Recorder,
  v: Tensor,
  g: Tensor,
): { weight: Tensor; norms: Tensor } {
  const [rows, dim] = expectShape("weightNorm", "v", v, ["numPrototypes", "dim"]);
  expectShape("weightNorm", "g", g, [rows, 1]);
  const weight = gpu.empty([rows, dim], "weight_norm.weight");
  const norms = gpu.empty([rows], "weight_norm.norms", "f32");
  gpu.run({
    label: "weight_norm.forward",
    source,
    entryPoint: "forward",
    ...launch(gpu, rows),
    params: packParams(["u32", rows], ["u32", dim]),
    inputs: [v, g],
    outputs: [weight, norms],
  });
  return { weight, norms };
}

/**
 * Adds the gradients of {@linkcode weightNorm} into `grads`.
 *
 * @param dWeight Gradient of the matrix, `[numPrototypes, dim]`, f32.
 * @param norms What the forward pass returned, `[numPrototypes]`.
 * @param grads Gradients of `v` and `g`, in their shapes.
 * @throws {ShapeError} If a shape does not fit `dWeight`.
 */
export function weightNormBackward(
  gpu: Recorder,
  dWeight: Tensor,
  v: Tensor,
  g: Tensor,
  norms: Tensor,
  grads: { v: Tensor; g: Tensor },
): void {
  const op = "weightNormBackward";
  const [rows, dim] = expectShape(op, "dWeight", dWeight, ["numPrototypes", "dim"]);
  expectShape(op, "v", v, [rows, dim]);
  expectShape(op, "g", g, [rows, 1]);
  expectShape(op, "norms", norms, [rows]);
  expectShape(op, "grads.v", grads.v, [rows, dim]);
  expectShape(op, "grads.g", grads.g, [rows, 1]);
  gpu.run({
    label: "weight_norm.backward_params",
    source,
    entryPoint: "backward_params",
    ...launch(gpu, rows),
    params: packParams(["u32", rows], ["u32", dim]),
    inputs: [v, g, dWeight, norms],
    outputs: [grads.v, grads.g],
  });
}

/** As many lanes for each row as run in lockstep: wider rows pay for barriers in software. */
function launch({ adapter }: Recorder, rows: number) {
  const [LANES, ROWS] = adapter.kernels === "cpu" ? [8, 8] : [32, 8];
  return {
    constants: { LANES, ROWS, WORKGROUP_SIZE: LANES * ROWS },
    workgroups: Math.ceil(rows / ROWS),
  };
}
