import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import type { TransformArgs } from "../../src/config/transform_args.ts";
import type { AdapterFacts } from "../../src/gpu/device.ts";
import { stepShape } from "../../src/training/run_setup.ts";
import type { StepShape } from "../../src/training/step_shape.ts";

const TINY = {
  out: "-",
  data: "-",
  batch_size: 2,
  transform_args: { image_size: 32, local_view: { num_views: 2, view_size: 16 } },
};
const HEAD = { output_dim: 64, hidden_dim: 32, dino_bottleneck_dim: 16 };

/** Steps that between them call every kernel of training. */
export const STEPS: TrainOptions[] = [
  {
    ...TINY,
    model: "dinov2/vittest",
    model_args: { depth: 1, drop_path_rate: 0.2 },
    // Enough prototypes for a sum over them to be shared out among workgroups.
    method_args: { ...HEAD, center_method: "softmax", output_dim: 2048 },
    transform_args: { ...TINY.transform_args, random_rotation: {} },
  },
  {
    ...TINY,
    model: "dinov2/vittest",
    model_args: { depth: 1, ffn_layer: "swiglufused", num_register_tokens: 2, init_values: null },
    method_args: { ...HEAD, center_method: "sinkhorn_knopp", ibot_separate_head: true },
  },
];

/** Kinds of adapter that ops choose a variant of their kernel by. */
export const ADAPTER_KINDS: Partial<AdapterFacts>[] = [
  { kernels: "cpu", subgroupSize: 8, shaderInt64: true },
  { kernels: "cpu", subgroupSize: 8, shaderInt64: false },
  { kernels: "gpu", subgroupSize: 32 },
  { kernels: "gpu", subgroupSize: 0 },
];

/** What a step of these settings is recorded from. */
export function stepOf(options: TrainOptions): { shape: StepShape; views: TransformArgs } {
  const config = resolveConfig(options);
  return { shape: stepShape(config), views: config.transform_args };
}
