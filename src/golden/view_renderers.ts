import type { ViewParams } from "../views/draw_view.ts";
import type { Raster } from "../images/raster.ts";
import { renderView } from "../views/render_view.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { renderOnGpu } from "./gpu_view.ts";
import type { PixelDifference } from "./pixel_difference.ts";

/** One of those who make views. */
export interface ViewRenderer {
  /** What quantities are called after. */
  name: string;
  /** Makes one view with choices that are given: `[kept channels, height, width]`. */
  render(image: Raster, params: ViewParams): Promise<Float32Array>;
  /** What its levels may be off in addition. */
  slack: PixelDifference;
}

const NONE: PixelDifference = { mean: 0, quantile: 0, max: 0 };

/** A GPU may fuse multiplications and additions: a sum near a half then rounds otherwise. */
const FUSED: PixelDifference = { mean: 5e-4, quantile: 0, max: 1 };

/** All who make views. */
export function viewRenderers(gpu: Gpu): ViewRenderer[] {
  return [{
    name: "workers",
    render: (image, params) => {
      const out = new Float32Array(params.keep.length * params.height * params.width);
      renderView(image, params, out);
      return Promise.resolve(out);
    },
    slack: NONE,
  }, {
    name: "gpu",
    render: (image, params) => renderOnGpu(gpu, image, params),
    slack: gpu.adapter.software ? NONE : FUSED,
  }];
}
