import { drawViewParams } from "../../src/views/draw_view.ts";
import {
  DEFAULT_TRANSFORM_ARGS,
  type TransformArgs,
  viewSpecs,
} from "../../src/views/view_spec.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { randomStream } from "../../src/random.ts";
import { type UploadedViews, uploadViews } from "../../tests/support/gpu_views.ts";
import { noiseImage } from "../../tests/support/noise_image.ts";

/** The recipe with every change that it knows. */
export const FULL_RECIPE: TransformArgs = {
  ...DEFAULT_TRANSFORM_ARGS,
  random_rotation: { prob: 0.5, degrees: 90 },
};

/** Images of the size of most photos in data sets, with both global views of each drawn. */
export function globalViews(gpu: Gpu, args = FULL_RECIPE): UploadedViews {
  const images = Array.from({ length: gpu.adapter.software ? 4 : 64 }, () => noiseImage(500, 375));
  const { globals } = viewSpecs(args);
  const views = images.map((image, i) =>
    globals.map((spec, view) => drawViewParams(randomStream(0, "views", i, view), image, spec))
  );
  return uploadViews(gpu, images, views);
}
