import type { TrainOptions } from "../../src/config/train_config.ts";
import { writeTextureSet } from "../../src/demo/texture_set.ts";

/** Images of the set that {@linkcode withTinyRun} makes. */
export const TINY_IMAGES = 40;

/**
 * Settings of a run of a few seconds that leaves nothing out: registers, drop path, local views,
 * masks, and every schedule within its warmup at first.
 */
export const TINY_RUN = {
  model: "dinov2/vittest",
  steps: 6,
  batch_size: 4,
  num_workers: 1,
  model_args: { depth: 2, num_register_tokens: 2, drop_path_rate: 0.2 },
  method_args: {
    hidden_dim: 32,
    dino_bottleneck_dim: 16,
    ibot_bottleneck_dim: 16,
    output_dim: 64,
    warmup_steps: 2,
    student_freeze_last_layer_steps: 1,
    teacher_temp_warmup_steps: 3,
  },
  transform_args: { image_size: 32, local_view: { num_views: 2, view_size: 16 } },
} satisfies Omit<TrainOptions, "out" | "data">;

/**
 * Makes a small image set in a temporary folder, and removes both afterwards.
 *
 * @param body Takes the folder: images are in `data`, anything else may be written beside it.
 */
export async function withTinyRun(
  body: (folder: string, data: string) => Promise<void>,
  images = TINY_IMAGES,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tiny-run-" });
  try {
    await writeTextureSet(`${folder}/data`, { images, size: 40 });
    await body(folder, `${folder}/data`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
