import { resolveModel } from "../config/model_presets.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { TransformArgs } from "../config/transform_args.ts";
import type { ViewMaker } from "../data/item.ts";
import type { NetworkName } from "../config/evaluation_metrics.ts";
import { drawMasks, maxMaskedPatches } from "../views/masks.ts";
import type { Choices } from "../gpu/choice.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import { type Plan, PlanRecorder } from "../gpu/plan.ts";
import { randomStream } from "../random.ts";
import { ClassTokenPass, evaluationPhase } from "./evaluation/class_token_pass.ts";
import { TrainStep } from "./step.ts";
import { globalGrid, type StepShape } from "./step_shape.ts";
import { GpuViews, VIEW_PHASE } from "./view_input.ts";

/** Names of the phases of a recorded step, in the order they run. */
export const PHASES = ["begin", "accumulate", "update"] as const;

/** The mask generator's settings of a run. */
export function maskSettings(shape: StepShape) {
  const { method, batchSize } = shape;
  return {
    crops: 2 * batchSize,
    grid: globalGrid(shape),
    maskProbability: method.mask_probability,
    maskRatioMin: method.mask_ratio_min,
    maskRatioMax: method.mask_ratio_max,
  };
}

/** The masks of one micro-batch, `[2·B, patches]`: those of the first views, then the second. */
export function masksOf(shape: StepShape, seed: number, step: number, micro: number): Uint8Array {
  return drawMasks(randomStream(seed, "masks", step, micro), maskSettings(shape));
}

/**
 * The shape of a run's step.
 *
 * @param batchSize Images of a micro-batch; may be less than configured for a small data set.
 */
export function stepShape(config: TrainConfig, batchSize = config.batch_size): StepShape {
  const model = resolveModel(config.model, config.model_args);
  const { image_size: globalSize, local_view: local } = config.transform_args;
  const { enabled, every_n_blocks } = config.activation_checkpoint_args;
  const shape: StepShape = {
    model,
    method: config.method_args,
    embedDim: config.embed_dim,
    batchSize,
    localViews: local?.num_views ?? 0,
    globalSize,
    localSize: local?.view_size ?? globalSize,
    maxMasked: 1,
    recomputeBlocks: enabled ? every_n_blocks : null,
    accumulationSteps: config.gradient_accumulation_steps,
    elem: config.precision === "16-mixed" ? "f16" : "f32",
  };
  return { ...shape, maxMasked: Math.max(1, maxMaskedPatches(maskSettings(shape))) };
}

/** Who makes the views of a run; a software adapter would take the processor from the workers. */
export function viewMaker({ views_on }: TrainConfig, { software }: AdapterFacts): ViewMaker {
  if (views_on !== "auto") return views_on;
  return software ? "workers" : "gpu";
}

/** A step that is recorded, and what else its plan has. */
export interface RecordedStep {
  plan: Plan;
  step: TrainStep;
  gpuViews: GpuViews | null;
  /** Null where no network is evaluated. */
  classTokens: ClassTokenPass | null;
}

/**
 * Records a whole step; nothing is allocated.
 *
 * @param views How views are made, where the GPU is to make them.
 * @param evaluated The networks that are looked at between steps.
 * @param choices Variants of kernels; the built-in ones if left out.
 */
export function recordStep(
  adapter: AdapterFacts,
  shape: StepShape,
  views: TransformArgs | null = null,
  evaluated: readonly NetworkName[] = [],
  choices?: Choices,
): RecordedStep {
  const recorder = new PlanRecorder(adapter, shape.elem, choices);
  const step = new TrainStep(recorder, shape);
  const gpuViews = views === null ? null : new GpuViews(recorder, step, views);
  if (gpuViews !== null) {
    recorder.phase(VIEW_PHASE);
    gpuViews.record(recorder);
  }
  for (const phase of PHASES) {
    recorder.phase(phase);
    step[phase]();
  }
  const classTokens = evaluated.length === 0 ? null : new ClassTokenPass(recorder, step);
  for (const network of evaluated) {
    recorder.phase(evaluationPhase(network));
    classTokens!.record(recorder, network);
  }
  return { plan: recorder.finish(), step, gpuViews, classTokens };
}
