import source from "../../kernels/sgd.wgsl" with { type: "text" };
import { gridOf, packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, expectShape, type Tensor } from "../gpu/tensor.ts";

const WORKGROUP_SIZE = 256;

/** What {@linkcode sgd} updates, and how. */
export interface SgdUpdate {
  /** Parameters, `[groups, size]`. */
  values: Tensor;
  /** Running sum of the gradients, `[groups, size]`; zeros before the first step. */
  velocity: Tensor;
  /** `[groups, size]` */
  grads: Tensor;
  /** Learning rate of each group, `[groups]`. */
  lr: Tensor;
  /** What the schedule makes of all rates in this step, `[1]`. */
  factor: Tensor;
  momentum: number;
}

/**
 * One step of stochastic gradient descent with momentum, as `torch.optim.SGD` takes it.
 *
 * @throws {ShapeError} If a shape does not fit `values`.
 */
export function sgd(
  gpu: Recorder,
  { values, velocity, grads, lr, factor, momentum }: SgdUpdate,
): void {
  const [groups, size] = expectShape("sgd", "values", values, ["groups", "size"]);
  expectShape("sgd", "velocity", velocity, [groups, size]);
  expectShape("sgd", "grads", grads, [groups, size]);
  expectShape("sgd", "lr", lr, [groups]);
  expectShape("sgd", "factor", factor, [1]);
  if (groups * size === 0) return;
  const [x, y] = gridOf(Math.ceil(size / WORKGROUP_SIZE));
  gpu.run({
    label: "sgd.update",
    source,
    entryPoint: "update",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", size], ["f32", momentum]),
    inputs: [grads, lr, factor],
    outputs: [values, velocity],
    workgroups: [x, y, groups],
    bytes: 5 * byteLength(values.shape, values.dtype),
  });
}
