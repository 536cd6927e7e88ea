import source from "../../kernels/loss_scale.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { HYPER_SIZE } from "./adamw.ts";

/** Elements of the state: scale, steps since it changed, steps skipped, two bias corrections. */
export const LOSS_SCALE_SIZE = 8;
/** Where in it the bias corrections are. */
export const LOSS_SCALE_CORRECTIONS = 3;

/** Steps in a row that must count before the scale is doubled. */
const GROWTH_INTERVAL = 2000;

/**
 * What the losses of a step are made with: the teacher's temperature, and the scale of gradients.
 *
 * @param temperature `[1]` or more.
 * @param state `[8]`, see {@linkcode updateLossScale}.
 * @returns `[2]`.
 */
export function lossScalars(gpu: Recorder, temperature: Tensor, state: Tensor): Tensor {
  expectShape("lossScalars", "state", state, [LOSS_SCALE_SIZE]);
  const scalars = gpu.empty([2], "loss_scale.scalars", "f32");
  gpu.run({
    label: "loss_scale.scalars",
    source,
    entryPoint: "scalars",
    inputs: [temperature, state],
    outputs: [scalars],
    workgroups: 1,
  });
  return scalars;
}

/**
 * Decides whether a step counts, by the norm of its scaled gradients, and moves the scale.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { LOSS_SCALE_SIZE, updateLossScale } from "./loss_scale.ts";
 *
 * using gpu = await Gpu.open();
 * const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
 * const metrics = gpu.keep("state", [5], "metrics");
 * const gathered = gpu.upload([2], Float32Array.of(Infinity, 0), "grad_norm");
 * const hyper = gpu.upload([16], new Float32Array(16), "hyper");
 * updateLossScale(gpu, { gathered, hyper, state, metrics }, { maxNorm: 3, slot: 0 });
 * const [scale, , skipped] = await gpu.download(state);
 * console.log(scale, skipped); // 32768 1
 * ```
 *
 * @param tensors `gathered` `[2]`: the joint norm of scaled gradients, of `gradNorm()`. `hyper`
 * `[16]`: the step's settings. `state` `[8]`: zeros before the first step. `metrics`: norm, clip
 * factor, scale, whether the step is skipped, and how many were, are added from `slot` on.
 * @param options `maxNorm`: gradients are clipped to it.
 * @returns The settings `[16]` and the clip factor `[2]` that `adamw()` is to take.
 */
export function updateLossScale(
  gpu: Recorder,
  { gathered, hyper, state, metrics }: Record<"gathered" | "hyper" | "state" | "metrics", Tensor>,
  { maxNorm, slot }: { maxNorm: number; slot: number },
): { hyper: Tensor; clip: Tensor } {
  const op = "updateLossScale";
  expectShape(op, "gathered", gathered, [2]);
  expectShape(op, "hyper", hyper, [HYPER_SIZE]);
  expectShape(op, "state", state, [LOSS_SCALE_SIZE]);
  const now = gpu.empty([HYPER_SIZE], "loss_scale.hyper", "f32");
  const clip = gpu.empty([2], "loss_scale.clip", "f32");
  gpu.run({
    label: "loss_scale.update",
    source,
    entryPoint: "update",
    params: packParams(["f32", GROWTH_INTERVAL], ["f32", maxNorm], ["u32", slot]),
    inputs: [gathered, hyper],
    outputs: [state, now, clip, metrics],
    workgroups: 1,
  });
  return { hyper: now, clip };
}
