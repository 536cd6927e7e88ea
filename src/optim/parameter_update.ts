import type { DINOv2Args } from "../config/method_args.ts";
import type { OptimArgs } from "../config/optim_args.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import type { ParameterBuffers } from "../layers/parameter.ts";
import { adamw, BLOCK_SIZE, packHyper, packSegments, type Segment } from "../ops/adamw.ts";
import { gradNorm } from "../ops/grad_norm.ts";
import { updateLossScale } from "../ops/loss_scale.ts";
import { addSums } from "../ops/sums.ts";
import { isFrozen, paramGroup } from "./param_groups.ts";
import type { StepSettings } from "./schedules.ts";

/** The update of all parameters: gradient norm, clipping, AdamW, teacher. */
export class ParameterUpdate {
  readonly #parts: { buffers: ParameterBuffers; table: Tensor }[];
  readonly #maxNorm: number;

  /** @param depth Blocks of the backbone, for the layerwise decay. */
  constructor(
    gpu: Recorder,
    buffers: readonly ParameterBuffers[],
    depth: number,
    method: DINOv2Args,
  ) {
    this.#maxNorm = method.gradient_clip_val;
    this.#parts = buffers.map((buffers, index) => {
      const table = segmentTable(buffers, depth, method);
      return { buffers, table: gpu.constant(table, [table.length], `segments.${index}`) };
    });
  }

  /**
   * One dispatch of AdamW per parameter buffer, after the norm of all gradients.
   *
   * @param tensors `hyper` `[16]`, see {@linkcode hyperOf}; `metrics`, to which norm and clip factor
   * are added from `slot` on; `lossScale`: what the gradients are scaled by, see
   * {@linkcode updateLossScale}, which adds more metrics and may skip the step; null: nothing.
   */
  run(
    gpu: Recorder,
    { hyper, metrics, slot, lossScale }: {
      hyper: Tensor;
      metrics: Tensor;
      slot: number;
      lossScale: Tensor | null;
    },
  ): void {
    const maxNorm = this.#maxNorm;
    const gathered = gradNorm(gpu, this.#parts.map(({ buffers }) => buffers.grads), maxNorm);
    let decided = { hyper, clip: gathered };
    if (lossScale) {
      const tensors = { gathered, hyper, state: lossScale, metrics };
      decided = updateLossScale(gpu, tensors, { maxNorm, slot });
    } else addSums(gpu, gathered, metrics, { slot, period: 2 });
    for (const { buffers, table } of this.#parts) {
      const { values, grads, expAvg, expAvgSq, teacher } = buffers;
      adamw(gpu, { values, grads, expAvg, expAvgSq, teacher, table, ...decided });
    }
  }
}

/** One segment per parameter: how each block of its buffer is updated. */
function segmentTable(
  { members, values }: ParameterBuffers,
  depth: number,
  method: DINOv2Args,
): Uint32Array {
  const blocks = new Uint32Array(elementCount(values.shape) / BLOCK_SIZE);
  const segments = members.map(({ parameter, offset }, index): Segment => {
    const first = offset / BLOCK_SIZE;
    blocks.fill(index, first, first + Math.ceil(elementCount(parameter.shape) / BLOCK_SIZE));
    const { lrScale, decays, kind } = paramGroup(parameter.name, depth, method);
    return { lrScale, weightDecay: decays, kind: kind === "last_layer" ? "lastLayer" : kind };
  });
  return packSegments(blocks, segments);
}

/** The settings tensor of a step: learning rates with their freeze windows, AdamW, momentum. */
export function hyperOf(
  step: number,
  now: StepSettings,
  { method, optim, scaledLr }: { method: DINOv2Args; optim: OptimArgs; scaledLr: number },
): Float32Array {
  const lr = scaledLr * now.learningRateFactor;
  const rate = (kind: Parameters<typeof isFrozen>[0]) => isFrozen(kind, step, method) ? 0 : lr;
  return packHyper({
    lrBackbone: rate("backbone"),
    lrHead: rate("head"),
    lrLastLayer: rate("last_layer"),
    weightDecay: now.weightDecay,
    betas: optim.betas,
    eps: optim.eps,
    step,
    momentum: now.momentum,
    updateTeacher: true,
  });
}
