import type { TrainedViews } from "./own_description.ts";

/** Shorter side of an image before its middle is cut out, as a share of the side of what is. */
const RESIZED = 256 / 224;

/** transformers' `preprocessor_config.json`: how images become what the model was trained on. */
export function preprocessorConfig(
  { image_size: [height, width], normalize }: TrainedViews,
): Record<string, unknown> {
  return {
    image_processor_type: "BitImageProcessor",
    do_convert_rgb: normalize.mean.length === 3,
    do_resize: true,
    size: { shortest_edge: Math.round(Math.max(height, width) * RESIZED) },
    resample: 3, // bicubic
    do_center_crop: true,
    crop_size: { height, width },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: normalize.mean,
    image_std: normalize.std,
  };
}
